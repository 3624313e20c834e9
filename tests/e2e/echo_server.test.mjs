// The conformance server: what the protocols' own test suites need from it.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES, StockClient, VERSIONS } from './support/clients.mjs';
import { startEchoServer } from './support/echo_server.mjs';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { Record, untilTime } from './support/record.mjs';
import { request } from './support/raw_http.mjs';

const server = await startEchoServer(test);
const suite = await startEchoServer(test, {
  'ping-interval-ms': 300,
  'ping-timeout-ms': 200,
  'connect-timeout-ms': 1000,
});
const ENGINE = { path: '/engine.io/' };

describe('/engine.io/', () => {
  test('has a handshake of exactly five keys on both transports', async () => {
    for (const session of [
      await PollingSession.open(suite.port, ENGINE),
      await WebSocketSession.open(suite.port, ENGINE),
    ]) {
      const { sid, upgrades, ...rest } = session.handshake;
      assert.ok(sid.length >= 20);
      assert.deepEqual(upgrades, session instanceof PollingSession ? ['websocket'] : []);
      assert.deepEqual(rest, { pingInterval: 300, pingTimeout: 200, maxPayload: 1000000 });
    }
  });

  test('echoes text as text and bytes as bytes over WebSocket', async () => {
    const session = await WebSocketSession.open(server.port, ENGINE);
    session
      .send('4hello')
      .send(Buffer.from([1, 2, 3, 4]))
      .send('4')
      .send(Buffer.alloc(0))
      .send('4a\x1eb');
    const packets = await session.packets.atLeast(5);
    assert.deepEqual(packets, ['4hello', Buffer.from([1, 2, 3, 4]), '4', Buffer.alloc(0), '4a\x1eb']);
    session.drop();
  });

  test('echoes three messages of one POST in the next poll, joined by the separator, binary with padding', async () => {
    const session = await PollingSession.open(server.port, ENGINE);
    assert.equal((await session.post('4one\x1ebAQIDBA==\x1e4three')).text, 'ok');
    assert.equal((await session.get()).text, '4one\x1ebAQIDBA==\x1e4three');
  });

  test('reads base64 without padding', async () => {
    const session = await PollingSession.open(server.port, ENGINE);
    await session.post('bAQIDBA');
    assert.equal((await session.get()).text, 'bAQIDBA==');
  });

  test('a message of maxPayload bytes comes back', async () => {
    const session = await WebSocketSession.open(server.port, ENGINE);
    const message = `4${'m'.repeat(999_999)}`;
    session.send(message);
    assert.equal(await session.packets.first(), message);
    session.drop();
  });

  test('--max-payload sets the limit', async (t) => {
    const small = await startEchoServer(t, { 'max-payload': 100 });
    const session = await WebSocketSession.open(small.port, ENGINE);
    assert.equal(session.handshake.maxPayload, 100);
    session.send(`4${'m'.repeat(99)}`);
    await session.packets.first();
    session.send(`4${'m'.repeat(100)}`);
    assert.equal((await session.closeFrame()).code, 1009);
  });
});

describe('/socket.io/', () => {
  test('sends ["auth", ...] as the first packet after CONNECT', async () => {
    const cases = [
      ['40', '42["auth",{}]'],
      ['40{"token":"123"}', '42["auth",{"token":"123"}]'],
      ['40/custom', '42/custom,["auth",{}]'],
      ['40/custom,{"token":"abc"}', '42/custom,["auth",{"token":"abc"}]'],
    ];
    for (const [connect, auth] of cases) {
      const session = await WebSocketSession.open(server.port);
      session.send(connect);
      const [answer, first] = await session.packets.atLeast(2);
      assert.match(answer, /^40(\/custom,)?\{"sid":"[^"]{20}"\}$/);
      assert.equal(first, auth);
      session.drop();
    }
  });

  test('refuses every other namespace', async () => {
    const session = await WebSocketSession.open(server.port);
    session.send('40/random');
    assert.equal(await session.packets.first(), '44/random,{"message":"Invalid namespace"}');
    session.drop();
  });

  test('echoes on / only, and answers acks with nothing but the ack', async () => {
    const session = await WebSocketSession.open(server.port);
    session.send('40').send('40/custom');
    await session.packets.atLeast(4);
    session.send('42/custom,["message",1]').send('42["other",1]').send('42["message",1,"2",{"3":[true]}]');
    session.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    const packets = await session.packets.atLeast(6);
    assert.deepEqual(packets.slice(4), ['42["message-back",1,"2",{"3":[true]}]', '43456[1,"2",{"3":[false]}]']);
    session.drop();
  });

  test('does not answer 41 on /: the next thing is the ping', async () => {
    const session = await WebSocketSession.open(suite.port, { pong: false });
    session.send('40');
    await session.packet('42["auth"');
    const before = session.packets.items.length;
    session.send('41');
    await session.pings.first(() => true, 'the ping');
    assert.equal(session.packets.items.length, before);
    session.drop();
  });

  test('41 on one namespace leaves the other', async () => {
    const session = await WebSocketSession.open(server.port);
    session.send('40').send('40/custom');
    await session.packets.atLeast(4);
    session.send('41/custom,').send('42["message","still"]');
    await session.packet('42["message-back","still"]');
    session.drop();
  });

  for (const version of Object.keys(VERSIONS)) {
    for (const mode of Object.keys(MODES)) {
      test(`socket.io-client ${version} over ${mode}: events, binary and acks`, async () => {
        const client = await StockClient.join(server.url, { version, mode, auth: { token: 'x' } });
        assert.deepEqual((await client.event('auth')).args, [{ token: 'x' }]);

        client.socket.emit('message', 1, 'zwei', { three: Buffer.from([1, 2, 3]) });
        const { args } = await client.event('message-back');
        assert.deepEqual([args[0], args[1], [...args[2].three]], [1, 'zwei', [1, 2, 3]]);

        const acks = new Record('acks');
        client.socket.emit('message-with-ack', 'a', Buffer.from([9]), (...answer) => acks.add(answer));
        const [text, bytes] = await acks.first();
        assert.deepEqual([text, [...bytes]], ['a', [9]]);
        client.close();
      });
    }
  }
});

describe('timers', () => {
  test('a client that does not connect to a namespace is closed after --connect-timeout-ms', async () => {
    const session = await WebSocketSession.open(suite.port);
    const started = Date.now();
    assert.deepEqual(await session.closeFrame(), { code: null, reason: '' });
    const elapsed = Date.now() - started;
    assert.ok(elapsed > 800 && elapsed < 2500, `closed after ${elapsed} ms`);
  });

  test('a silent polling session is gone after ping interval and timeout', async () => {
    const session = await PollingSession.open(suite.port, ENGINE);
    await untilTime(Date.now() + 510);
    const response = await request(suite.port, 'GET', session.target);
    assert.deepEqual([response.status, response.json.code], [400, 1]);
  });

  test('the ping comes after --ping-interval-ms, the close after --ping-timeout-ms', async () => {
    const session = await WebSocketSession.open(suite.port, { ...ENGINE, pong: false });
    const opened = Date.now();
    const pinged = await session.pings.first();
    await session.closeFrame();
    const closed = Date.now();
    assert.ok(Math.abs(pinged - opened - 300) < 100, `the ping came after ${pinged - opened} ms`);
    assert.ok(Math.abs(closed - pinged - 200) < 100, `the close came after ${closed - pinged} ms`);
  });

  test('the noop of an upgrade comes within 2 s', async () => {
    const client = await StockClient.join(server.url, { mode: 'default' });
    const started = Date.now();
    await client.upgraded();
    assert.ok(Date.now() - started < 2000);
    client.close();
  });
});
