// Limits on clients: what is too much is refused, and only the one who sent it notices.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { PollingSession, pollingTarget, WebSocketSession, websocketTarget } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { request } from './support/raw_http.mjs';
import { frame, OPCODE, RawWebSocket } from './support/raw_websocket.mjs';
import { eventually } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { mint, publisherToken } from './support/tokens.mjs';

const PATH = '/socket.io/';

describe('MAX_CONNECTIONS', () => {
  test('above it a handshake is 503 on both transports; other HTTP does not count; who leaves makes room', async (t) => {
    const relay = await startRelay(t, { MAX_CONNECTIONS: '3' });
    const sessions = [await WebSocketSession.join(relay.port), await WebSocketSession.open(relay.port)];
    const polling = await PollingSession.join(relay.port);
    const overPolling = () => request(relay.port, 'GET', pollingTarget(PATH));
    const overWebSocket = async () => (await RawWebSocket.open(relay.port, websocketTarget(PATH))).handshake;

    for (const handshake of [overPolling, overWebSocket]) assert.equal((await handshake()).status, 503);
    assert.equal((await relay.post({ room: 'r', type: 'a.b' })).status, 202);
    assert.equal((await relay.get('/healthz')).status, 200);
    const upgrading = await RawWebSocket.open(relay.port, websocketTarget(PATH, polling.sid));
    assert.equal(upgrading.handshake.status, 101, 'an upgrade is no new session');

    sessions[1].drop();
    await eventually(async () => (await overPolling()).status === 200, 'a place');
    assert.equal((await overPolling()).status, 503);
    upgrading.drop();
    sessions[0].drop();
  });

  test('a stock client that is turned away tries again by itself', async (t) => {
    const relay = await startRelay(t, { MAX_CONNECTIONS: '1' });
    const first = await WebSocketSession.join(relay.port);
    const client = new StockClient(relay.url, {
      mode: 'default',
      reconnection: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 100,
    });
    await client.refused();

    first.drop();

    await client.connects.first();
    client.close();
  });
});

describe('MAX_PAYLOAD_BYTES', () => {
  const big = (bytes) => `42["client.big","${'x'.repeat(bytes - 19)}"]`;

  test('one byte more closes a WebSocket with 1009, is 413 over polling, and reaches nobody', async (t) => {
    const relay = await startRelay(t, { MAX_PAYLOAD_BYTES: '2000' });
    const room = fresh('room');
    assert.equal(big(100).length, 100);
    const listener = await StockClient.join(relay.url, { token: mint({ sessionId: room }) });
    const websocket = await WebSocketSession.join(relay.port, { token: publisherToken(room) });
    const polling = await PollingSession.join(relay.port, { token: publisherToken(room) });

    websocket.send(big(2000)).send(big(2001));
    assert.equal((await websocket.closeFrame()).code, 1009);
    assert.equal((await polling.post(big(2001))).status, 413);
    assert.equal((await polling.post(big(2000))).status, 200);
    await relay.publish(room, 'sentinel');

    await listener.event('sentinel');
    assert.equal(listener.payloads('client.big').length, 2);
    listener.close();
  });
});

describe('before a client has connected', () => {
  test('its messages are limited to 64 KiB; a token with 100 long rooms fits', async (t) => {
    const relay = await startRelay(t);
    const rooms = Array.from({ length: 99 }, (_, number) => `${number}-`.padEnd(200, 'r'));
    const session = await WebSocketSession.join(relay.port, { token: mint({ sessionId: 's'.repeat(200), rooms }) });
    session.drop();
    const overPolling = await PollingSession.join(relay.port, { token: mint({ rooms }) });
    await overPolling.post('1');

    const large = await WebSocketSession.open(relay.port);
    large.send(`40{"token":"${'x'.repeat(70_000)}"}`);
    assert.ok([1009, null].includes((await large.closeFrame()).code));

    const declared = await WebSocketSession.open(relay.port);
    declared.websocket.sendRaw(frame(OPCODE.text, '', { declaredLength: 900_000 }));
    assert.ok([1009, null].includes((await declared.closeFrame()).code));

    const polling = await PollingSession.open(relay.port);
    assert.equal((await polling.post(`40{"token":"${'x'.repeat(70_000)}"}`)).status, 413);
  });

  test('afterwards MAX_PAYLOAD_BYTES counts', async (t) => {
    const relay = await startRelay(t);
    const session = await WebSocketSession.join(relay.port, { token: publisherToken(fresh('room')) });
    session.send(`421["client.big","${'x'.repeat(200_000)}"]`);
    assert.match(await session.packet('431'), /^431\[\{"ok":true/);
    session.drop();
  });
});

describe('CONNECT_TIMEOUT_MS', () => {
  test('who does not connect is closed, who was refused as well, who did connect is not', async (t) => {
    const relay = await startRelay(t, { CONNECT_TIMEOUT_MS: '500' });
    const good = await WebSocketSession.join(relay.port);
    const silent = await WebSocketSession.open(relay.port);
    const opened = Date.now();
    const refused = await WebSocketSession.open(relay.port);
    refused.send('40{"token":"nonsense"}');
    await refused.packet('44');
    const polling = await PollingSession.open(relay.port);

    assert.deepEqual(await silent.closeFrame(), { code: null, reason: '' });
    assert.ok(Date.now() - opened > 400, `closed after ${Date.now() - opened} ms`);
    assert.deepEqual(await refused.closeFrame(), { code: null, reason: '' });
    assert.ok(['1', '6\x1e1'].includes((await polling.get()).text));

    const { recipients } = await relay.publish(good.socket.sid, 'sentinel');
    assert.equal(recipients, 1);
    await good.packet('42["sentinel"');
    good.drop();
  });

  test('leaving the namespace later does not start it again', async (t) => {
    const relay = await startRelay(t, { CONNECT_TIMEOUT_MS: '300', PING_INTERVAL_MS: '500' });
    const session = await WebSocketSession.join(relay.port);
    session.send('41');
    await session.pings.atLeast(2);
    assert.equal(session.packets.ended, false);
    session.drop();
  });
});
