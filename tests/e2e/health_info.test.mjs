// Health and information: what balancers, orchestrators and operators ask.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { freePort } from './support/processes.mjs';
import { request } from './support/raw_http.mjs';
import { eventually } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { API_KEY, JWT_SECRET } from './support/settings.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { NODE_NAME: 'node-of-the-test' });

describe('/healthz and /readyz', () => {
  test('say ok and ready', async () => {
    for (const [target, status] of [
      ['/healthz', 'ok'],
      ['/readyz', 'ready'],
    ]) {
      const response = await relay.get(target);
      assert.equal(response.status, 200);
      assert.deepEqual(response.json, { status });
      assert.match(response.headers['content-type'], /^application\/json/);
    }
  });

  test('need no key and are not stopped by a query', async () => {
    assert.equal((await relay.get('/healthz?verbose=1')).status, 200);
  });
});

describe('/info', () => {
  test('has exactly the documented fields', async () => {
    const { json } = await relay.get('/info');
    const fields = [
      'name',
      'version',
      'commit',
      'node',
      'uptimeSeconds',
      'protocols',
      'transports',
      'adapter',
      'guarantees',
      'io',
      'limits',
    ];
    assert.deepEqual(Object.keys(json).sort(), fields.sort());
    assert.match(json.name, /^socket[- ]relay$/i);
    assert.equal(json.node, 'node-of-the-test');
    assert.match(json.version, /^\d+\.\d+/);
    assert.ok(typeof json.uptimeSeconds === 'number' && json.uptimeSeconds >= 0 && json.uptimeSeconds < 600);
    assert.deepEqual([...json.transports].sort(), ['polling', 'websocket']);
  });

  test('tells no secrets and nothing about clients', async () => {
    const [room, sub] = ['room-that-is-nobodys-business', 'account-that-is-nobodys-business'];
    const session = await WebSocketSession.join(relay.port, { token: mint({ sub, sessionId: room }) });
    const { text } = await relay.get('/info');
    for (const word of [JWT_SECRET, API_KEY, room, sub, session.socket.sid, session.handshake.sid]) {
      assert.ok(!text.includes(word), word);
    }
    session.drop();
  });

  test('the uptime grows', async () => {
    const uptime = async () => (await relay.get('/info')).json.uptimeSeconds;
    const before = await uptime();
    await eventually(async () => (await uptime()) > before, 'a larger uptime');
  });
});

describe('MANAGEMENT_PORT', () => {
  test('takes /metrics and /info; /healthz and /readyz are on both, publishing and clients on the main one', async (t) => {
    const managementPort = await freePort();
    const split = await startRelay(t, { MANAGEMENT_PORT: String(managementPort) });
    const statuses = async (target) => [
      (await request(split.port, 'GET', target)).status,
      (await request(managementPort, 'GET', target)).status,
    ];

    for (const target of ['/metrics', '/info']) assert.deepEqual(await statuses(target), [404, 200], target);
    for (const target of ['/healthz', '/readyz']) assert.deepEqual(await statuses(target), [200, 200], target);
    assert.deepEqual(await statuses('/socket.io/?EIO=4&transport=polling'), [200, 404]);
    assert.deepEqual(await statuses('/events'), [405, 404]);
  });
});

describe('the log', () => {
  test('says where it listens, and every line has level, time, msg and node', async () => {
    const line = await relay.logLine('listening');
    assert.equal(line.port, relay.port);
    for (const { level, time, msg, node, unparsed } of relay.logs.items) {
      assert.equal(unparsed, undefined);
      assert.ok(['trace', 'debug', 'info', 'warn', 'error', 'fatal'].includes(level));
      assert.ok(Number.isInteger(time) && Math.abs(time - Date.now()) < 600_000);
      assert.ok(typeof msg === 'string' && msg.length > 0);
      assert.equal(node, 'node-of-the-test');
    }
  });

  test('LOG_LEVEL=warn leaves lower levels out', async (t) => {
    const quiet = await startRelay(t, { LOG_LEVEL: 'warn' });
    const session = await WebSocketSession.join(quiet.port);
    await quiet.publish('room', 'a.b');
    session.drop();
    await quiet.stop();
    assert.deepEqual(
      quiet.logs.all(({ level }) => !['warn', 'error', 'fatal'].includes(level)),
      [],
    );
  });

  test('LOG_FORMAT=pretty writes lines for people', async (t) => {
    const pretty = await startRelay(t, { LOG_FORMAT: 'pretty' });
    await pretty.publish('room', 'a.b');
    const line = await pretty.logs.first(({ unparsed }) => unparsed?.includes('event published'), 'a line for people');
    assert.ok(!line.unparsed.startsWith('{'));
  });
});

describe('the end', () => {
  test('SIGTERM with clients: they are told to come back, and the exit status is 0', async (t) => {
    const ending = await startRelay(t);
    const session = await WebSocketSession.join(ending.port);

    await ending.stop();

    await session.packets.finished();
    assert.equal(session.packets.all((packet) => packet === '41').length, 0, 'no Socket.IO DISCONNECT');
  });

  test('SIGINT ends it as well', async (t) => {
    const ending = await startRelay({ after: () => {} });
    ending.process.child.kill('SIGINT');
    assert.deepEqual(await ending.process.exited, { code: 0, signal: null });
    t.diagnostic(`it ran as process ${ending.pid}`);
  });
});
