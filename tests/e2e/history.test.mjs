// GET /rooms/{room}/events: the retained events of a room, page by page, as those who got them live saw them.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { untilTime } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { API_KEY } from './support/settings.mjs';
import { mint, publisherToken } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '2' });
const another = await startRelay(test);
const upTo = (count) => Array.from({ length: count }, (_, index) => index + 1);

const target = (room, query = {}) => {
  const text = new URLSearchParams(query).toString();
  return `/rooms/${encodeURIComponent(room)}/events${text && `?${text}`}`;
};
const get = (room, query, at = relay) => at.get(target(room, query), { headers: { 'X-Relay-Key': API_KEY } });

/** The page, which must be one. */
async function read(room, query, at = relay) {
  const response = await get(room, query, at);
  assert.equal(response.status, 200, response.text);
  assert.match(response.headers['content-type'], /^application\/json/);
  const page = response.json;
  assert.deepEqual(Object.keys(page), ['events', 'next', 'complete']);
  for (const event of page.events) assert.deepEqual(Object.keys(event), ['offset', 'name', 'envelope']);
  return page;
}

/** The ids of `count` publishes to the room, numbered from 1. */
async function publishNumbered(room, count, at = relay) {
  const ids = [];
  for (const number of upTo(count)) ids.push((await at.publish(room, 'number', number)).id);
  return ids;
}

const payloads = ({ events }) => events.map(({ envelope }) => envelope.payload);

describe('a page', () => {
  test('is oldest first: offset, name and envelope of each event, the last offset, and whether it is complete', async () => {
    const room = fresh('room');
    const first = await relay.publish(room, 'one', { a: 1 });
    const second = await relay.publish(room, 'two', [2]);

    assert.deepEqual(await read(room), {
      events: [
        {
          offset: first.id,
          name: 'one',
          envelope: { type: 'one', payload: { a: 1 }, issuedAt: first.issuedAt },
        },
        { offset: second.id, name: 'two', envelope: { type: 'two', payload: [2], issuedAt: second.issuedAt } },
      ],
      next: second.id,
      complete: true,
    });
  });

  test('of a room that nobody published to is empty and complete, and next is null', async () => {
    assert.deepEqual(await read(fresh('room')), { events: [], next: null, complete: true });
  });

  test('has what was sent to the room, by whatever list it was, and nothing of other rooms or of accounts', async () => {
    const [room, other, account] = [fresh('room'), fresh('room'), fresh('account')];
    const client = await StockClient.join(relay.url, { token: mint({ sessionId: room, sub: account }) });
    await relay.publish(room, 'a', 'room');
    await relay.publish(other, 'a', 'other');
    await relay.post({ rooms: [other, room], type: 'a', payload: 'both' });
    await relay.post({ account, type: 'a', payload: 'account' });
    await relay.post({ room: client.id, type: 'a', payload: 'socket' });
    await relay.post({ room, account, type: 'a', payload: 'union' });
    client.close();

    assert.deepEqual(payloads(await read(room)), ['room', 'both', 'union']);
    assert.deepEqual(payloads(await read(other)), ['other', 'both']);
  });

  test('has no volatile events, and none that excepted someone; client events it has', async () => {
    const room = fresh('room');
    const sender = await StockClient.join(relay.url, { token: publisherToken(room, { sub: 'ann' }) });
    await relay.publish(room, 'kept', 1);
    await relay.publish(room, 'vapour', 2, { delivery: 'volatile' });
    await relay.publish(room, 'excepting', 3, { except: [sender.id] });
    await relay.publish(room, 'excepting.nobody', 4, { except: ['no-such-socket'] });
    const { id } = await sender.ask('client.said', 5);
    sender.close();

    const { events } = await read(room);
    assert.deepEqual(
      events.map(({ name }) => name),
      ['kept', 'client.said'],
    );
    const { issuedAt, ...envelope } = events[1].envelope;
    assert.ok(Date.parse(issuedAt) > 0);
    assert.deepEqual([events[1].offset, envelope], [id, { type: 'client.said', payload: 5, from: 'ann' }]);
  });

  test('has the bytes of the payloads', async () => {
    const room = fresh('room');
    const payload = '{"b":1.0,"a":9007199254740993,"a":"\\u00e9/\\/",\n "e":1e400}';
    await relay.post(`{"room":"${room}","type":"exact","payload":${payload}}`);
    const { text } = await get(room);
    assert.ok(text.includes(`"payload":${payload},`), text);
  });

  test('says the offsets that clients got with the events', async () => {
    const room = fresh('room');
    const session = await WebSocketSession.join(relay.port, { token: mint({ sessionId: room }) });
    const ids = await publishNumbered(room, 3);
    await session.packets.atLeast(3, (packet) => packet.startsWith('42["number"'));
    assert.deepEqual(
      session.heard.map(([, , offset]) => offset),
      ids,
    );
    assert.deepEqual(
      (await read(room)).events.map(({ offset }) => offset),
      ids,
    );
    session.drop();
  });
});

describe('after and limit', () => {
  test('after is the last that was seen: only later events come', async () => {
    const room = fresh('room');
    const ids = await publishNumbered(room, 5);
    for (const [index, after] of ids.entries()) {
      const page = await read(room, { after });
      assert.deepEqual(payloads(page), upTo(5).slice(index + 1));
      assert.equal(page.complete, true);
    }
  });

  test('after may be the id of any event, also of another room or of a volatile one', async () => {
    const [room, other] = [fresh('room'), fresh('room')];
    await publishNumbered(room, 1);
    const { id: elsewhere } = await relay.publish(other, 'a');
    await relay.publish(room, 'number', 2);
    const { id: vapour } = await relay.publish(room, 'a', {}, { delivery: 'volatile' });
    await relay.publish(room, 'number', 3);
    for (const [after, expected] of Object.entries({ [elsewhere]: [2, 3], [vapour]: [3] })) {
      const page = await read(room, { after });
      assert.deepEqual([payloads(page), page.complete], [expected, true]);
    }
  });

  test('pages chained by next hold every event once and in order, while more are published', async () => {
    const room = fresh('room');
    await publishNumbered(room, 50);
    const seen = [];
    let after;
    for (let page = 0; seen.length < 60; page++) {
      assert.ok(page < 20, 'the pages come to an end');
      const { events, next, complete } = await read(room, { limit: 7, ...(after && { after }) });
      assert.ok(events.length > 0 && events.length <= 7 && complete);
      assert.equal(next, events.at(-1).offset);
      seen.push(...payloads({ events }));
      after = next;
      if (page < 10) await relay.publish(room, 'number', 51 + page);
    }
    assert.deepEqual(seen, upTo(60));
  });

  test('limit is 100 if nothing is said, and at most 1000', async () => {
    const room = fresh('room');
    const events = upTo(1000).map((number) => ({ room, type: 'number', payload: number }));
    await relay.post(events);
    await relay.publish(room, 'number', 1001);
    assert.deepEqual(payloads(await read(room)), upTo(100));
    assert.deepEqual(payloads(await read(room, { limit: 1 })), [1]);
    assert.deepEqual(payloads(await read(room, { limit: 1000 })), upTo(1000));
  });

  test('a limit that is no number from 1 to 1000 is 400', async () => {
    for (const limit of ['0', '1001', 'x', '', '-1', '1.5', '1e2', '10x', '99999999999999999999']) {
      const response = await get('room', { limit });
      assert.equal(response.status, 400, `limit=${limit}`);
      assert.match(response.headers['content-type'], /^application\/problem\+json/);
    }
  });

  test('an unknown after starts with the oldest, and is not complete', async () => {
    const room = fresh('room');
    await publishNumbered(room, 3);
    const { id: foreign } = await another.publish(room, 'number', 0);
    for (const after of ['never-was', foreign, 'x'.repeat(300), 'é😀']) {
      const page = await read(room, { after });
      assert.deepEqual([payloads(page), page.complete], [upTo(3), false]);
    }
  });
});

describe('what is no longer retained', () => {
  test('is not there, and a page after it is not complete', async (t) => {
    const shortSighted = await startRelay(t, { RECOVERY_WINDOW_S: '1' });
    const room = fresh('room');
    const [old] = await publishNumbered(room, 2, shortSighted);
    await untilTime(Date.now() + 2000);
    await shortSighted.publish(room, 'number', 3);

    const page = await read(room, { after: old }, shortSighted);

    assert.deepEqual([payloads(page), page.complete], [[3], false]);
  });

  test('goes by the bytes of a room as well: the oldest first', async (t) => {
    const frugal = await startRelay(t, { RECOVERY_MAX_BYTES: '1000000' });
    const room = fresh('room');
    const ids = [];
    for (let number = 0; number < 40; number++) {
      ids.push((await frugal.publish(room, 'number', 'x'.repeat(10_000))).id);
    }

    const page = await read(room, {}, frugal);

    const offsets = page.events.map(({ offset }) => offset);
    assert.ok(offsets.length > 4 && offsets.length <= 12, `${offsets.length} events of 10 kB in an eighth of 1 MB`);
    assert.deepEqual(offsets, ids.slice(-offsets.length));
    assert.equal((await read(room, { after: ids[0] }, frugal)).complete, false);
    assert.equal((await read(room, { after: offsets[0] }, frugal)).complete, true);
  });
});
