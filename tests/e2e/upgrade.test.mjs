// The upgrade from polling to WebSocket. The WebSocket is a TCP connection of its own, and with several workers it lands
// on any of them: nobody may notice.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { PollingSession, websocketTarget } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { RawWebSocket } from './support/raw_websocket.mjs';
import { startRelay } from './support/relay.mjs';
import { mint, publisherToken } from './support/tokens.mjs';

const textFrames = (websocket) => websocket.frames.all(({ opcode }) => opcode === 1).map(({ payload }) => `${payload}`);

for (const workers of [1, 2, 8]) {
  const relay = await startRelay(test, { WORKERS: String(workers) });

  describe(`WORKERS=${workers}`, () => {
    test('32 clients upgrade at once, and miss, repeat or reorder none of the events that are published meanwhile', async () => {
      const room = fresh('room');
      const joining = Array.from({ length: 32 }, () =>
        StockClient.join(relay.url, { mode: 'default', token: mint({ sessionId: room }) }),
      );
      const clients = await Promise.all(joining);
      let published = 0;
      let upgraded = false;
      const publishing = (async () => {
        while (!upgraded || published < 50) await relay.publish(room, 'tick', published++);
        await relay.publish(room, 'sentinel');
      })();

      await Promise.all(clients.map((client) => client.upgraded()));
      upgraded = true;
      await publishing;

      const expected = Array.from({ length: published }, (_, number) => number);
      for (const client of clients) {
        await client.event('sentinel');
        assert.deepEqual(client.payloads('tick'), expected);
        assert.equal(client.transport, 'websocket');
        assert.deepEqual(client.disconnects.items, []);
        client.close();
      }
    });

    test('acknowledgements of what a client sends during its upgrade come back in order', async () => {
      const room = fresh('room');
      const client = await StockClient.join(relay.url, { mode: 'default', token: publisherToken(room) });
      const listener = await StockClient.join(relay.url, { token: mint({ sessionId: room }) });

      const asking = Array.from({ length: 30 }, (_, number) => client.ask('client.step', number));
      await client.upgraded();
      asking.push(client.ask('client.step', 30));

      assert.ok((await Promise.all(asking)).every(({ ok }) => ok === true));
      await listener.events.atLeast(31, ({ name }) => name === 'client.step');
      assert.deepEqual(
        listener.payloads('client.step'),
        Array.from({ length: 31 }, (_, number) => number),
      );
      client.close();
      listener.close();
    });

    test('packet by packet: probe, noop for the parked GET, switch, and what came meanwhile on the WebSocket', async () => {
      for (let round = 0; round < 12; round++) {
        const room = fresh('room');
        const session = await PollingSession.join(relay.port, { token: mint({ sessionId: room }) });
        const parked = await session.park();

        const websocket = await RawWebSocket.open(relay.port, websocketTarget('/socket.io/', session.sid));
        assert.equal(websocket.handshake.status, 101);
        websocket.send('2probe');
        await websocket.frames.first(({ payload }) => `${payload}` === '3probe', '3probe');
        assert.equal((await parked.response).text, '6');
        await relay.publish(room, 'between', round);
        websocket.send('5');

        const event = await websocket.frames.first(
          ({ payload }) => `${payload}`.startsWith('42["between"'),
          'the event',
        );
        assert.equal(JSON.parse(`${event.payload}`.slice(2))[1].payload, round);
        assert.deepEqual(
          textFrames(websocket).map((text) => text.slice(0, 2)),
          ['3p', '42'],
        );
        const late = await session.get();
        assert.deepEqual([late.status, late.json], [400, { code: 3, message: 'Bad request' }]);
        websocket.drop();
      }
    });

    test('a session stays on polling when its WebSocket goes away before the switch', async () => {
      const room = fresh('room');
      const session = await PollingSession.join(relay.port, { token: mint({ sessionId: room }) });
      const websocket = await RawWebSocket.open(relay.port, websocketTarget('/socket.io/', session.sid));
      websocket.send('2probe');
      await websocket.frames.first(({ payload }) => `${payload}` === '3probe', '3probe');

      websocket.drop();
      await relay.publish(room, 'still.here', 1);

      let packets = [];
      while (!packets.some((packet) => packet.startsWith('42'))) packets = (await session.get()).text.split('\x1e');
      assert.match(packets.join(), /"still\.here"/);
    });
  });
}

test('no switch within UPGRADE_TIMEOUT_MS: the WebSocket is closed and polling goes on', async (t) => {
  const relay = await startRelay(t, { UPGRADE_TIMEOUT_MS: '300' });
  const room = fresh('room');
  const session = await PollingSession.join(relay.port, { token: mint({ sessionId: room }) });
  const websocket = await RawWebSocket.open(relay.port, websocketTarget('/socket.io/', session.sid));
  websocket.send('2probe');
  await websocket.frames.first(({ payload }) => `${payload}` === '3probe', '3probe');

  assert.deepEqual(await websocket.closeFrame('the time-out'), { code: null, reason: '' });

  await relay.publish(room, 'goes.on', 1);
  assert.match((await session.get()).text, /"goes\.on"/);
});
