// The upgrade from polling to WebSocket with clients that are impatient, wrong or gone.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { websocketTarget } from './support/engine.mjs';
import { startEngineTargets } from './support/engine_targets.mjs';
import { RawWebSocket } from './support/raw_websocket.mjs';

const EMPTY = { code: null, reason: '' };

for (const target of await startEngineTargets(test)) {
  const text = (wanted) => [({ opcode, payload }) => opcode === 1 && `${payload}` === wanted, wanted];
  const reply = (number) => [({ payload }) => target.isReply(number, `${payload}`), `the reply to message ${number}`];
  const attach = (session) => RawWebSocket.open(session.port, websocketTarget(session.path, session.sid));

  async function probed() {
    const session = await target.openPolling();
    const websocket = await attach(session);
    websocket.send('2probe');
    await websocket.frames.first(...text('3probe'));
    return { session, websocket };
  }

  async function pollingGoesOn(session, number = 77) {
    await session.post(target.message(number));
    const packets = (await session.packets(1)).filter((packet) => packet !== '6');
    const wanted = packets.length > 0 ? packets : await session.packets(1);
    assert.ok(target.isReply(number, wanted[0]), wanted.join());
  }

  describe(`${target.name}: while it is upgrading`, () => {
    test('every GET that is parked is answered with a noop, not only the first', async () => {
      const { session, websocket } = await probed();
      for (let round = 0; round < 3; round++) {
        const started = Date.now();
        assert.equal((await session.get()).text, '6');
        assert.ok(Date.now() - started < 1500, `the noop came after ${Date.now() - started} ms`);
      }
      websocket.drop();
    });

    test('data still flows over polling', async () => {
      const { session, websocket } = await probed();
      await pollingGoesOn(session);
      websocket.drop();
    });

    test('what nobody polled is on the WebSocket after the 5, before anything later', async () => {
      const { session, websocket } = await probed();
      await session.post(target.message(1));
      await session.post(target.message(2));

      websocket.send('5').send(target.message(3));

      await websocket.frames.first(...reply(3));
      const packets = websocket.frames.all(({ opcode }) => opcode === 1).map(({ payload }) => `${payload}`);
      assert.equal(packets[0], '3probe');
      packets.slice(1).forEach((packet, index) => assert.ok(target.isReply(index + 1, packet), packets.join()));
      websocket.drop();
    });

    test('a GET that is parked when the 5 comes is answered at once', async () => {
      const { session, websocket } = await probed();
      const { response } = await session.park();
      websocket.send('5');
      assert.match((await response).text, /^[16]$/);
      websocket.send(target.message(1));
      await websocket.frames.first(...reply(1));
      websocket.drop();
    });
  });

  describe(`${target.name}: clients of other makes`, () => {
    test('a 5 without a probe is accepted', async () => {
      const session = await target.openPolling();
      const websocket = await attach(session);
      websocket.send('5').send(target.message(1));
      await websocket.frames.first(...reply(1));
      websocket.drop();
    });

    test('a 5 with trailing data is accepted', async () => {
      const { websocket } = await probed();
      websocket.send('52').send(target.message(1));
      await websocket.frames.first(...reply(1));
      websocket.drop();
    });
  });

  describe(`${target.name}: a probe that goes wrong`, () => {
    for (const packet of ['2', '2other', '3probe', '6', '1', 'nonsense', '', 'message']) {
      test(`${JSON.stringify(packet)} closes the WebSocket, and polling goes on`, async () => {
        const session = await target.openPolling();
        const websocket = await attach(session);
        websocket.send(packet === 'message' ? target.message(1) : packet);
        assert.deepEqual(await websocket.closeFrame('the close', 3000), EMPTY);
        await pollingGoesOn(session);
      });
    }

    test('a WebSocket that drops leaves polling alone', async () => {
      const { session, websocket } = await probed();
      websocket.drop();
      await pollingGoesOn(session);
    });

    test('a WebSocket that breaks RFC 6455 leaves polling alone', async () => {
      const { session, websocket } = await probed();
      websocket.sendRaw(Buffer.from([0xff, 0x80, 0, 0, 0, 0]));
      assert.equal((await websocket.closeFrame()).code, 1002);
      await pollingGoesOn(session);
    });
  });

  describe(`${target.name}: a second WebSocket for one session`, () => {
    /** The attempt is refused one way or the other. */
    async function isRefused(session) {
      const second = await attach(session);
      if (second.isOpen) assert.deepEqual(await second.closeFrame('the refusal', 3000), EMPTY);
      else assert.equal(second.handshake.status, 400);
    }

    test('while the first is probing is closed, and the first is unharmed', async () => {
      const { session, websocket } = await probed();
      await isRefused(session);
      websocket.send('5').send(target.message(1));
      await websocket.frames.first(...reply(1));
      websocket.drop();
    });

    test('after the upgrade is closed, and the first is unharmed', async () => {
      const { session, websocket } = await probed();
      websocket.send('5').send(target.message(1));
      await websocket.frames.first(...reply(1));
      await isRefused(session);
      websocket.send(target.message(2));
      await websocket.frames.first(...reply(2));
      websocket.drop();
    });

    test('of a session that began on WebSocket is refused, and the first is unharmed', async () => {
      const session = await target.openWebSocket();
      await isRefused({ port: target.port, path: target.path, sid: session.handshake.sid });
      session.send(target.message(1));
      await session.packets.first((packet) => target.isReply(1, packet), 'a reply');
      session.drop();
    });
  });
}
