// Heartbeats: the relay pings, clients answer, and who falls silent is gone.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { frame, OPCODE } from './support/raw_websocket.mjs';
import { Record } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { PING_INTERVAL_MS: '400', PING_TIMEOUT_MS: '300' });

describe('over WebSocket', () => {
  test('a ping comes every PING_INTERVAL_MS after the pong of the last', async () => {
    const opened = Date.now();
    const session = await WebSocketSession.join(relay.port);
    const pings = await session.pings.atLeast(4);
    const gaps = pings.map((time, index) => time - (index === 0 ? opened : pings[index - 1]));
    for (const gap of gaps) assert.ok(gap > 300 && gap < 700, `gaps between pings: ${gaps}`);
    session.drop();
  });

  test('who does not answer within PING_TIMEOUT_MS is closed', async () => {
    const session = await WebSocketSession.join(relay.port, { pong: false });

    const close = await session.closeFrame();

    const silence = Date.now() - session.pings.items[0];
    assert.deepEqual(close, { code: null, reason: '' });
    assert.equal(session.pings.items.length, 1);
    assert.ok(silence > 200 && silence < 800, `closed ${silence} ms after the ping`);
    const line = await relay.logLine('client disconnected', ({ socketId }) => socketId === session.socket.sid);
    assert.match(line.reason, /^ping[ _]timeout$/);
  });

  test('a Ping frame of RFC 6455 is answered, and is no heartbeat', async () => {
    const session = await WebSocketSession.join(relay.port, { pong: false });
    await session.pings.first();
    for (const text of ['', 'one', 'x'.repeat(125)]) session.websocket.sendRaw(frame(OPCODE.ping, text));

    const pongs = await session.websocket.frames.atLeast(3, ({ opcode }) => opcode === OPCODE.pong);
    assert.deepEqual(
      pongs.map(({ payload }) => `${payload}`),
      ['', 'one', 'x'.repeat(125)],
    );
    assert.deepEqual(await session.closeFrame(), { code: null, reason: '' });
  });

  test('a ping from the client closes', async () => {
    for (const packet of ['2', '2probe', '2hello']) {
      const session = await WebSocketSession.join(relay.port);
      session.send(packet);
      assert.deepEqual(await session.closeFrame(), { code: null, reason: '' });
    }
  });

  test('an unsolicited pong is fine', async () => {
    const session = await WebSocketSession.join(relay.port);
    session.send('3').send('3').send('3probe');
    await session.pings.atLeast(2);
    session.drop();
  });

  test('an Engine.IO session that never connects is pinged as well', async () => {
    const session = await WebSocketSession.open(relay.port);
    await session.pings.atLeast(2);
    session.drop();
  });
});

describe('over polling', () => {
  test('the ping waits for a GET, a pong by POST keeps the session', async () => {
    const session = await PollingSession.join(relay.port);
    for (let round = 0; round < 4; round++) {
      assert.equal((await session.get()).text, '2');
      assert.equal((await session.post('3')).text, 'ok');
    }
  });

  test('without a pong the parked GET gets 1, and the sid is gone', async () => {
    const session = await PollingSession.join(relay.port);
    assert.equal((await session.get()).text, '2');
    assert.equal((await session.get()).text, '1');
    const gone = await session.get();
    assert.deepEqual([gone.status, gone.json.code], [400, 1]);
  });

  test('a session that never polls is gone, too', async () => {
    const session = await PollingSession.join(relay.port);
    const line = await relay.logLine('client disconnected', ({ socketId }) => socketId === session.socket.sid);
    assert.match(line.reason, /^ping[ _]timeout$/);
    const gone = await session.get();
    assert.deepEqual([gone.status, gone.json.code], [400, 1]);
  });
});

describe('stock clients', () => {
  for (const mode of ['default', 'websocket', 'polling']) {
    test(`stay over many heartbeats, ${mode}`, async () => {
      const room = fresh('room');
      const client = await StockClient.join(relay.url, { mode, token: mint({ sessionId: room }) });
      const pings = new Record('pings');
      client.socket.io.on('ping', () => pings.add(Date.now()));

      await pings.atLeast(5);
      await relay.publish(room, 'still.there');

      await client.event('still.there');
      assert.deepEqual(client.disconnects.items, []);
      client.close();
    });
  }

  test('see that the relay is gone, and come back when it is there again', async (t) => {
    const first = await startRelay(t, { PING_INTERVAL_MS: '400' });
    const client = new StockClient(first.url, {
      auth: (give) => give({ token: mint() }),
      reconnection: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 100,
    });
    await client.connected();

    await first.stop();
    assert.match(await client.disconnected(), /^transport (close|error)$/);

    await startRelay(t, { PORT: String(first.port) });
    await client.connects.atLeast(2);
    client.close();
  });
});
