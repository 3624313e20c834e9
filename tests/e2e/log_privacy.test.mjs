// What an operator finds in the log, and what nobody may ever find there. One rich story is told to a relay at
// LOG_LEVEL=trace; then everything that it printed is searched.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { PollingSession, pollingTarget, WebSocketSession } from './support/engine.mjs';
import { fresh, marker } from './support/names.mjs';
import { request } from './support/raw_http.mjs';
import { startRelay } from './support/relay.mjs';
import { API_KEY, JWT_SECRET, SECOND_API_KEY } from './support/settings.mjs';
import { mint, nowSeconds } from './support/tokens.mjs';

const PREVIOUS_SECRET = marker('previous-secret-');
const ADMIN_KEY = marker('admin-key-');
const relay = await startRelay(test, {
  LOG_LEVEL: 'trace',
  JWT_SIGNING_SECRET_PREVIOUS: PREVIOUS_SECRET,
  RELAY_ADMIN_KEY: ADMIN_KEY,
  NODE_NAME: 'storyteller',
  PING_INTERVAL_MS: '500',
});

const told = {
  room: fresh('story-room'),
  account: fresh('story-account'),
  type: fresh('story.type'),
  nonce: fresh('story-nonce'),
  payload: marker('payload'),
  fieldName: marker('fieldname'),
  clientPayload: marker('clientpayload'),
  wrongKey: marker('wrongkey'),
  wrongToken: marker('wrongtoken'),
  tokens: [],
  engineIds: [],
  privateIds: [],
};

function token(changes = {}, secret = JWT_SECRET) {
  const { account: sub, room: sessionId } = told;
  told.tokens.push(mint({ sub, sessionId, scope: ['subscribe', 'publish'], jti: fresh('jti'), ...changes }, secret));
  return told.tokens.at(-1);
}

async function tellOfClients() {
  const websocket = await WebSocketSession.join(relay.port, { token: token(), headers: { 'User-Agent': 'story/1.0' } });
  const polling = await PollingSession.join(relay.port, { token: token({}, PREVIOUS_SECRET) });
  told.engineIds.push(websocket.handshake.sid, polling.sid);
  told.privateIds.push(websocket.socket.pid, polling.socket.pid);
  told.socketId = websocket.socket.sid;
  const byHeader = await StockClient.join(relay.url, {
    mode: 'default',
    auth: {},
    extraHeaders: { Authorization: `Bearer ${token()}` },
  });
  await byHeader.upgraded();

  await byHeader.ask('client.story', { text: told.clientPayload });
  await byHeader.ask('forbidden.story', { text: told.clientPayload });
  await byHeader.ask('client.story', told.clientPayload, told.clientPayload);
  await byHeader.ask('client.story', Buffer.from(told.clientPayload));
  await byHeader.ask('relay:token_refresh', token({ exp: nowSeconds() + 400 }));
  await byHeader.ask('relay:token_refresh', told.wrongToken);
  return { websocket, polling, byHeader };
}

async function tellOfPublishes() {
  const event = { room: told.room, type: told.type, payload: { text: told.payload } };
  const headers = { nonce: told.nonce };
  told.answer = (await relay.post(event, { headers })).json;
  await relay.post(event, { headers });
  await relay.post({ ...event, payload: [told.payload] }, { headers });
  await relay.post({ ...event, [told.fieldName]: told.payload, type: '' });
  await relay.post(`{"room":"r","type":"t","payload":"${told.payload}"`);
  await relay.post([event, { payload: told.payload }]);
  await relay.post(event, { key: told.wrongKey });
  await relay.post(event, { key: null, headers: { Authorization: `Bearer ${token()}` } });
  await relay.post(event, { key: SECOND_API_KEY, query: `?key=${API_KEY}&token=${token()}` });
  await relay.get(`/nowhere?token=${token()}&payload=${told.payload}`);
  await relay.get('/info', { headers: { 'X-Relay-Key': ADMIN_KEY, Cookie: `token=${token()}` } });
}

async function tellOfRefusals() {
  const bad = {
    token_expired: token({ exp: nowSeconds() - 100 }),
    token_invalid: token({}, marker('another-secret-')),
    token_not_yet_valid: token({ nbf: nowSeconds() + 100 }),
    claims_invalid: token({ scope: [] }),
    token_malformed: told.wrongToken,
  };
  for (const wrong of Object.values(bad)) await new StockClient(relay.url, { token: wrong }).refused();
  const session = await WebSocketSession.open(relay.port);
  told.engineIds.push(session.handshake.sid);
  session.send(`42["client.early","${told.clientPayload}"]`);
  await session.closeFrame();
  const broken = await WebSocketSession.join(relay.port, { token: token() });
  told.engineIds.push(broken.handshake.sid);
  broken.send(`42{"${told.clientPayload}`);
  await broken.closeFrame();
  const gone = pollingTarget('/socket.io/', told.engineIds[0]);
  await request(relay.port, 'GET', gone);
  await request(relay.port, 'POST', `${gone}&token=${token()}`, { body: `4${told.clientPayload}` });
  return Object.keys(bad);
}

const { websocket, polling, byHeader } = await tellOfClients();
await tellOfPublishes();
const refusals = await tellOfRefusals();
websocket.drop();
await polling.post('1');
byHeader.close();
await relay.logLine('client disconnected', ({ socketId }) => socketId === told.socketId);
await relay.stop();
const printed = relay.stdout + relay.stderr;

describe('the lines that an operator searches for', () => {
  test('every line is an object with level, time, msg and node', () => {
    assert.ok(relay.logs.items.length > 10);
    for (const { level, time, msg, node, unparsed } of relay.logs.items) {
      assert.equal(unparsed, undefined);
      assert.ok(['trace', 'debug', 'info', 'warn', 'error', 'fatal'].includes(level));
      assert.ok(Number.isInteger(time) && msg.length > 0);
      assert.equal(node, 'storyteller');
    }
  });

  const lines = (msg) => relay.logs.all((line) => line.msg === msg);

  test('event published: room, type, nonce, recipients, latencyMs', () => {
    const line = lines('event published').find(({ nonce }) => nonce === told.nonce);
    assert.equal(line.level, 'info');
    assert.deepEqual([line.room, line.type, line.recipients], [told.room, told.type, told.answer.recipients]);
    assert.ok(typeof line.latencyMs === 'number' && line.latencyMs >= 0 && line.latencyMs < 10_000);
  });

  test('client connected: account, socketId, ip', () => {
    const line = lines('client connected').find(({ socketId }) => socketId === told.socketId);
    assert.equal(line.level, 'info');
    assert.deepEqual([line.account, line.ip], [told.account, '127.0.0.1']);
    assert.equal(lines('client connected').length, 4);
  });

  test('client disconnected: socketId, reason', () => {
    const line = lines('client disconnected').find(({ socketId }) => socketId === told.socketId);
    assert.equal(line.level, 'info');
    assert.match(line.reason, /^[a-z_ ]+$/);
    assert.equal(lines('client disconnected').length, 4);
  });

  test('handshake refused: code', () => {
    const codes = lines('handshake refused').map(({ code }) => code);
    for (const code of refusals) assert.ok(codes.includes(code), `${code} is among ${codes}`);
  });
});

describe('what is never printed', () => {
  /** A secret in any of the forms in which it could slip out. */
  function assertAbsent(what, secret) {
    const bytes = Buffer.from(secret);
    const forms = [
      secret,
      encodeURIComponent(secret),
      JSON.stringify(secret).slice(1, -1),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      bytes.toString('hex'),
    ];
    for (const form of forms) {
      const at = printed.indexOf(form);
      assert.equal(at, -1, `${what} is in: ${printed.slice(Math.max(0, at - 200), at + form.length)}`);
    }
  }

  test('payloads of publishers and of clients', () => {
    assertAbsent('a payload', told.payload);
    assertAbsent("a client's payload", told.clientPayload);
  });

  test('names of unknown fields, which may be a payload that lost its wrapping', () => {
    assertAbsent('the name of an unknown field', told.fieldName);
  });

  test('keys and secrets, right and wrong ones', () => {
    const secrets = { JWT_SECRET, PREVIOUS_SECRET, API_KEY, SECOND_API_KEY, ADMIN_KEY, wrong: told.wrongKey };
    for (const [name, secret] of Object.entries(secrets)) assertAbsent(name, secret);
  });

  test('tokens, their claims and their signatures', () => {
    assert.ok(told.tokens.length > 10);
    assertAbsent('a refused token', told.wrongToken);
    for (const text of told.tokens) {
      const [header, claims, signature] = text.split('.');
      assertAbsent('a token', `${header}.${claims}`);
      assertAbsent('claims', claims);
      assertAbsent('a signature', signature);
    }
  });

  test('Engine.IO sids and private ids', () => {
    for (const sid of told.engineIds) assertAbsent('an Engine.IO sid', sid);
    for (const pid of told.privateIds.filter(Boolean)) assertAbsent('a pid', pid);
  });
});
