// What a polling client may do, what it may not, and what becomes of its session.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { SEPARATOR, websocketTarget } from './support/engine.mjs';
import { startEngineTargets } from './support/engine_targets.mjs';
import { eventually } from './support/record.mjs';
import { chunked, RawConnection, request, requestText } from './support/raw_http.mjs';
import { RawWebSocket } from './support/raw_websocket.mjs';

const UNKNOWN = { code: 1, message: 'Session ID unknown' };

for (const target of await startEngineTargets(test)) {
  /** The session talks: `number` makes the message its own. */
  async function isOpen(session, number = 99) {
    const posted = await session.post(target.message(number));
    assert.deepEqual([posted.status, posted.text], [200, 'ok']);
    const packets = [];
    while (!packets.some((packet) => target.isReply(number, packet))) packets.push(...(await session.packets(1)));
  }

  /** The session is gone; a close that nobody was there to read may be delivered first. */
  async function isClosed(session) {
    const answer = await eventually(async () => {
      const response = await session.get();
      return response.status === 400 ? response : null;
    }, 'a GET that is refused');
    assert.deepEqual(answer.json, UNKNOWN);
    const posted = await session.post('3');
    assert.deepEqual([posted.status, posted.json], [400, UNKNOWN]);
  }

  describe(`${target.name}: GET`, () => {
    test('is parked until there is something, and has the documented head', async () => {
      const session = await target.openPolling();
      const { response } = await session.park();

      await session.post(target.message(1));

      const { status, text, headers } = await response;
      assert.equal(status, 200);
      assert.ok(target.isReply(1, text), text);
      assert.equal(headers['content-type'], 'text/plain; charset=UTF-8');
      assert.equal(headers['cache-control'], 'no-store');
      assert.equal(headers['content-length'], String(Buffer.byteLength(text)));
    });

    test('a second one while one is parked: 400, the first gets 1, closed', async () => {
      const session = await target.openPolling();
      const { response } = await session.park();

      const second = await session.get();

      assert.deepEqual([second.status, second.text], [400, '']);
      assert.deepEqual([(await response).status, (await response).text], [200, '1']);
      await isClosed(session);
    });

    test('one whose connection drops while it is parked closes the session', async () => {
      const session = await target.openPolling();
      const { connection } = await session.park();

      connection.close();

      await isClosed(session);
    });
  });

  describe(`${target.name}: POST`, () => {
    test('is answered ok with the documented head', async () => {
      const session = await target.openPolling();
      const response = await session.post(target.message(1));
      assert.equal(response.status, 200);
      assert.equal(response.text, 'ok');
      assert.equal(response.headers['content-type'], 'text/html');
      assert.equal(response.headers['content-length'], '2');
      assert.equal(response.headers['cache-control'], 'no-store');
    });

    test('of several packets is handled in order, and the answers come in the next poll', async () => {
      const session = await target.openPolling();
      const response = await session.post([1, 2, 3].map(target.message).join(SEPARATOR));
      assert.equal(response.text, 'ok');
      const packets = await session.packets(3);
      packets.forEach((packet, index) => assert.ok(target.isReply(index + 1, packet), packet));
    });

    test('its content type does not matter, except application/octet-stream: 400 and closed', async () => {
      const session = await target.openPolling();
      for (const type of ['text/plain;charset=UTF-8', 'application/json', 'nonsense']) {
        const response = await session.post('3', { headers: { 'Content-Type': type } });
        assert.equal(response.status, 200, type);
      }
      const refused = await session.post('3', { headers: { 'Content-Type': 'application/octet-stream' } });
      assert.deepEqual([refused.status, refused.text], [400, '']);
      await isClosed(session);
    });

    test('a second one while one is in flight: 400, the first is dropped, the parked GET gets 1, closed', async () => {
      const session = await target.openPolling();
      const { response } = await session.park();
      const first = await RawConnection.open(session.port);
      first.write(requestText('POST', session.target, { 'Content-Length': '10' }));
      first.write('4');
      await request(session.port, 'GET', `${session.path}?EIO=4&transport=none`);

      const second = await session.post('3');

      assert.deepEqual([second.status, second.text], [400, '']);
      await first.end('the first POST is dropped');
      assert.equal((await response).text, '1');
      await isClosed(session);
    });

    test('one that drops before it is complete closes the session', async () => {
      const session = await target.openPolling();
      const connection = await RawConnection.open(session.port);
      connection.write(requestText('POST', session.target, { 'Content-Length': '10' }));
      connection.write('4');
      await request(session.port, 'GET', `${session.path}?EIO=4&transport=none`);

      connection.close();

      await isClosed(session);
    });

    test('of exactly maxPayload bytes is fine, one byte more is an empty 413 and leaves the session open', async () => {
      const session = await target.openPolling();
      const { maxPayload } = session.handshake;
      const over = await session.post(`3${'x'.repeat(maxPayload)}`);
      assert.deepEqual([over.status, over.text], [413, '']);
      const declared = await RawConnection.open(session.port);
      declared.write(requestText('POST', session.target, { 'Content-Length': String(maxPayload + 1) }));
      assert.equal((await declared.response()).status, 413);
      const chunks = chunked(`3${'x'.repeat(maxPayload)}`, 100_000);
      assert.equal((await session.post(chunks, { headers: { 'Transfer-Encoding': 'chunked' } })).status, 413);
      await isOpen(session);

      // A pong may carry anything, so this is a message of the largest size that means nothing.
      assert.equal((await session.post(`3${'x'.repeat(maxPayload - 1)}`)).status, 200);
      await isOpen(session, 98);
      declared.close();
    });

    for (const packet of [
      'abc',
      '7',
      '9x',
      '',
      ' 4x',
      `3${SEPARATOR}`,
      `${SEPARATOR}3`,
      `3${SEPARATOR}${SEPARATOR}3`,
    ]) {
      test(`of ${JSON.stringify(packet)} closes the session`, async () => {
        const session = await target.openPolling();
        const { response } = await session.park();

        const posted = await session.post(packet);

        assert.ok([200, 400].includes(posted.status), posted.head);
        assert.equal((await response).text, '1');
        await isClosed(session);
      });
    }

    test('packets before an unparsable one are handled', async () => {
      const session = await target.openPolling();
      const wasHandled = await target.witness(session);
      const { response } = await session.park();
      await session.post(`${target.message(1)}${SEPARATOR}nonsense`);
      await wasHandled(1, (await response).text.split(SEPARATOR));
      await isClosed(session);
    });

    test('of a ping closes the session', async () => {
      const session = await target.openPolling();
      const { response } = await session.park();
      assert.equal((await session.post('2')).text, 'ok');
      assert.equal((await response).text, '1');
      await isClosed(session);
    });

    test('of an unsolicited pong, an open, an upgrade or a noop is taken and ignored', async () => {
      const session = await target.openPolling();
      for (const packet of ['3', '0', '5', '6', '0{"sid":"x"}', '3probe']) {
        const response = await session.post(packet);
        assert.deepEqual([response.status, response.text], [200, 'ok'], packet);
      }
      await isOpen(session);
    });

    test('of a close: ok, the parked GET gets 6, and what follows in the same body is dropped', async () => {
      const session = await target.openPolling();
      const { response } = await session.park();
      const posted = await session.post(`1${SEPARATOR}${target.message(1)}`);
      assert.deepEqual([posted.status, posted.text], [200, 'ok']);
      assert.deepEqual([(await response).status, (await response).text], [200, '6']);
      const after = await session.get();
      assert.deepEqual([after.status, after.json], [400, UNKNOWN]);
    });
  });

  describe(`${target.name}: after a finished upgrade`, () => {
    test('GET and POST are code 3, and the WebSocket is unharmed', async () => {
      const session = await target.openPolling();
      const websocket = await RawWebSocket.open(session.port, websocketTarget(session.path, session.sid));
      websocket.send('2probe');
      await websocket.frames.first(({ payload }) => `${payload}` === '3probe', '3probe');
      websocket.send('5').send(target.message(1));
      await websocket.frames.first(({ payload }) => target.isReply(1, `${payload}`), 'the switch');

      for (const response of [await session.get(), await session.post('3')]) {
        assert.deepEqual([response.status, response.json], [400, { code: 3, message: 'Bad request' }]);
      }

      websocket.send(target.message(2));
      await websocket.frames.first(({ payload }) => target.isReply(2, `${payload}`), 'a reply');
      websocket.drop();
    });
  });
}
