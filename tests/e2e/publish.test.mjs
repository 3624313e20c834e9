// POST /events: what the answer says, and who gets the event.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { API_KEY, SECOND_API_KEY } from './support/settings.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test);
const join = (changes) => StockClient.join(relay.url, { token: mint(changes) });

/** Publishes a sentinel to each client's own socket, and tells which names each has heard before it. */
async function heard(...clients) {
  const sentinel = fresh('sentinel');
  for (const client of clients) await relay.publish(client.id, sentinel);
  const names = [];
  for (const client of clients) {
    await client.event(sentinel);
    names.push(client.events.items.map(({ name }) => name).filter((name) => !name.startsWith('sentinel')));
    client.close();
  }
  return names;
}

describe('the answer', () => {
  test('is 202 with five fields, and the envelope has the same issuedAt', async () => {
    const room = fresh('room');
    const client = await join({ sessionId: room });
    const before = Date.now();

    const answer = await relay.post({ room, type: 'vote.cast', payload: { issueKey: 'SCRUM-1' } });

    assert.equal(answer.status, 202);
    assert.match(answer.headers['content-type'], /^application\/json/);
    const { delivered, duplicate, id, issuedAt, recipients, ...more } = answer.json;
    assert.deepEqual(
      { delivered, duplicate, recipients, more },
      { delivered: true, duplicate: false, recipients: 1, more: {} },
    );
    assert.match(id, /^[A-Za-z0-9._~-]{1,64}$/);
    assert.match(issuedAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Date.parse(issuedAt) >= before - 1 && Date.parse(issuedAt) <= Date.now() + 1);
    const envelope = { type: 'vote.cast', payload: { issueKey: 'SCRUM-1' }, issuedAt };
    assert.deepEqual(await client.envelope('vote.cast'), envelope);
    client.close();
  });

  test('gives every event an id of its own', async () => {
    const ids = await Promise.all(Array.from({ length: 40 }, () => relay.publish('nobody', 'a.b')));
    assert.equal(new Set(ids.map(({ id }) => id)).size, 40);
  });

  test('counts the sockets exactly: none, then three on two transports', async () => {
    const room = fresh('room');
    assert.equal((await relay.publish(room, 'a.b')).recipients, 0);
    const modes = ['polling', 'websocket', 'default'];
    const clients = await Promise.all(
      modes.map((mode) => StockClient.join(relay.url, { mode, token: mint({ sessionId: room }) })),
    );

    assert.equal((await relay.publish(room, 'a.b')).recipients, 3);

    for (const client of clients) await client.event('a.b');
    const [first, ...others] = clients;
    first.close();
    await relay.logLine('client disconnected', ({ socketId }) => socketId !== undefined);
    for (const client of others) client.close();
  });

  test('both keys of the list and both headers are accepted, the scheme in any case', async () => {
    const event = { room: 'nobody', type: 'a.b' };
    for (const key of [API_KEY, SECOND_API_KEY]) {
      assert.equal((await relay.post(event, { key })).status, 202);
      for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
        const headers = { Authorization: `${scheme} ${key}` };
        assert.equal((await relay.post(event, { key: null, headers })).status, 202);
      }
    }
  });
});

describe('fields', () => {
  test('payload defaults to an empty object', async () => {
    const client = await join();
    await relay.post({ room: client.id, type: 'bare' });
    assert.deepEqual((await client.envelope('bare')).payload, {});
    client.close();
  });

  test('sessionId and event are aliases', async () => {
    const room = fresh('room');
    const client = await join({ sessionId: room });
    assert.equal((await relay.post({ sessionId: room, event: 'by.alias', payload: 1 })).json.recipients, 1);
    assert.equal((await client.envelope('by.alias')).type, 'by.alias');
    client.close();
  });

  test('timestamp is copied as it is', async () => {
    const client = await join();
    const stamps = ['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.123456+02:00', '1999-12-31T23:59:59.9-11:30'];
    for (const [number, timestamp] of stamps.entries()) {
      const answer = await relay.publish(client.id, `stamp.${number}`, {}, { timestamp });
      assert.equal(answer.issuedAt, timestamp);
      assert.equal((await client.envelope(`stamp.${number}`)).issuedAt, timestamp);
    }
    client.close();
  });

  test('the longest names: a room and an account of 200 bytes, a type of 128', async () => {
    const room = fresh('r').padEnd(200, 'é'.repeat(80)).slice(0, 100);
    const type = 't'.repeat(128);
    const client = await join({ sessionId: room });
    await relay.publish(room, type, 1);
    assert.equal((await client.envelope(type)).payload, 1);
    client.close();
  });
});

describe('targets', () => {
  test('a room and nobody else', async () => {
    const [ours, theirs] = [fresh('room'), fresh('room')];
    const [ann, bob] = [await join({ sessionId: ours }), await join({ sessionId: theirs })];

    await relay.publish(ours, 'ours');
    await relay.publish(theirs, 'theirs');

    assert.deepEqual(await heard(ann, bob), [['ours'], ['theirs']]);
  });

  test('rooms are a union: once for a socket that is in several', async () => {
    const [first, second] = [fresh('room'), fresh('room')];
    const both = await join({ sessionId: first, rooms: [second] });
    const one = await join({ sessionId: second });
    const none = await join();

    const answer = await relay.post({ rooms: [first, second, first], type: 'union' });
    const mixed = await relay.post({ room: first, rooms: [second], type: 'mixed' });

    assert.deepEqual([answer.json.recipients, mixed.json.recipients], [2, 2]);
    assert.deepEqual(await heard(both, one, none), [['union', 'mixed'], ['union', 'mixed'], []]);
  });

  test('an account is every socket of that sub, in whatever room; with rooms it is the union', async () => {
    const [sub, room] = [fresh('account'), fresh('room')];
    const [here, there] = [await join({ sub }), await join({ sub, sessionId: room })];
    const other = await join({ sessionId: room });

    assert.equal((await relay.post({ account: sub, type: 'account' })).json.recipients, 2);
    assert.equal((await relay.post({ account: sub, room, type: 'both' })).json.recipients, 3);
    assert.equal((await relay.post({ room: `~account/${sub}`, type: 'private' })).json.recipients, 2);

    const ours = ['account', 'both', 'private'];
    assert.deepEqual(await heard(here, there, other), [ours, ours, ['both']]);
  });

  test('a socket id is a room', async () => {
    const room = fresh('room');
    const [ann, bob] = [await join({ sessionId: room }), await join({ sessionId: room })];

    assert.equal((await relay.publish(ann.id, 'whisper')).recipients, 1);

    assert.deepEqual(await heard(ann, bob), [['whisper'], []]);
  });

  test('except leaves sockets out, and does not mind ids that nobody has', async () => {
    const room = fresh('room');
    const clients = [await join({ sessionId: room }), await join({ sessionId: room }), await join({ sessionId: room })];
    const except = [clients[0].id, clients[2].id, '~nobodyhasthisid00000'];

    assert.equal((await relay.publish(room, 'not.all', {}, { except })).recipients, 1);

    assert.deepEqual(await heard(...clients), [[], ['not.all'], []]);
  });

  test('volatile reaches clients that have no backlog', async () => {
    const client = await join();
    assert.equal((await relay.publish(client.id, 'vapour', 1, { delivery: 'volatile' })).recipients, 1);
    assert.equal((await client.envelope('vapour')).payload, 1);
    client.close();
  });

  test('a hundred rooms', async () => {
    const rooms = Array.from({ length: 100 }, () => fresh('room'));
    const client = await join({ sessionId: rooms[99] });
    assert.equal((await relay.post({ rooms, type: 'hundred' })).json.recipients, 1);
    await client.event('hundred');
    client.close();
  });
});

describe('a batch', () => {
  test('of good events is 202 with results in order', async () => {
    const room = fresh('room');
    const client = await join({ sessionId: room });
    const events = Array.from({ length: 25 }, (_, number) => ({ room, type: 'of.batch', payload: number }));

    const answer = await relay.post(events);

    assert.equal(answer.status, 202);
    assert.equal(answer.json.length, 25);
    for (const result of answer.json) {
      assert.deepEqual([result.status, result.delivered, result.duplicate, result.recipients], [202, true, false, 1]);
    }
    await client.events.atLeast(25, ({ name }) => name === 'of.batch');
    assert.deepEqual(
      client.payloads('of.batch'),
      events.map(({ payload }) => payload),
    );
    client.close();
  });

  test('is judged one by one: 207 as soon as one is refused', async () => {
    const room = fresh('room');
    const client = await join({ sessionId: room });

    const answer = await relay.post([{ room, type: 'one' }, { room: '', type: 'two' }, { room, type: 'three' }, 4]);

    assert.equal(answer.status, 207);
    assert.deepEqual(
      answer.json.map(({ status, code }) => [status, code]),
      [
        [202, undefined],
        [400, 'invalid_event'],
        [202, undefined],
        [400, 'invalid_event'],
      ],
    );
    assert.equal(answer.json[1].errors[0].path, '/room');
    assert.deepEqual(await heard(client), [['one', 'three']]);
  });

  test('of 1000 is accepted; of 1001 it is 413, an empty one 400, with a nonce header 400', async () => {
    const event = { room: 'nobody', type: 'a.b' };
    const thousand = Array.from({ length: 1000 }, () => event);
    assert.equal((await relay.post(thousand)).status, 202);
    assert.equal((await relay.post([...thousand, event])).status, 413);
    assert.equal((await relay.post([])).status, 400);
    assert.equal((await relay.post([event], { headers: { nonce: fresh('nonce-header') } })).status, 400);
  });

  test('counts duplicates as accepted', async () => {
    const nonce = fresh('batch-nonce');
    const event = { room: 'nobody', type: 'a.b', nonce };

    const answer = await relay.post([event, event]);

    assert.equal(answer.status, 202);
    assert.deepEqual(
      answer.json.map(({ status, delivered, duplicate }) => [status, delivered, duplicate]),
      [
        [202, true, false],
        [202, true, true],
      ],
    );
    assert.equal(answer.json[0].id, answer.json[1].id);
  });
});

describe('settings that shape events', () => {
  test('EMIT_AS gives every event one Socket.IO name', async (t) => {
    const named = await startRelay(t, { EMIT_AS: 'event' });
    const client = await StockClient.join(named.url, { token: mint({ sessionId: 'r' }) });
    await named.publish('r', 'vote.cast', 1);
    assert.equal((await client.envelope('event')).type, 'vote.cast');
    client.close();
  });

  test('ENVELOPE=raw makes the payload itself the argument', async (t) => {
    const raw = await startRelay(t, { ENVELOPE: 'raw' });
    const session = await WebSocketSession.join(raw.port, { token: mint({ sessionId: 'r' }) });
    await raw.post('{"room":"r","type":"as.is","payload":{"n":1.50e2}}');
    assert.match(await session.eventText('as.is'), /^\["as\.is",\{"n":1\.50e2\}[,\]]/);
    session.drop();
  });

  test('an API key may be stored as its SHA-256', async (t) => {
    const { createHash } = await import('node:crypto');
    const key = 'a-key-that-is-not-stored';
    const digest = createHash('sha256').update(key).digest('hex');
    const hashed = await startRelay(t, { RELAY_API_KEY: `sha256:${digest}` });
    const status = async (given) => (await hashed.post({ room: 'r', type: 'a.b' }, { key: given })).status;
    assert.deepEqual([await status(key), await status(digest), await status(`sha256:${digest}`)], [202, 401, 401]);
  });
});
