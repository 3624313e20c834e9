// auth.after: a new client names the id of a publish, and gets everything that came behind it, then what is live. So
// there is no gap between the state that a backend stored with that id and the events that follow.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES, StockClient } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '2' });
const another = await startRelay(test);
const upTo = (count) => Array.from({ length: count }, (_, index) => index + 1);

/** The ids of `count` publishes to the room, numbered from 1. */
async function publishNumbered(room, count) {
  const ids = [];
  for (const number of upTo(count)) ids.push((await relay.publish(room, 'number', number)).id);
  return ids;
}

/** What a new session with these members of auth gets, up to an event that is live. */
async function heardWith(room, auth, token = mint({ sessionId: room })) {
  const session = await WebSocketSession.open(relay.port);
  await session.connect({ ...auth, token });
  const live = fresh('live');
  await relay.publish(room, live);
  await session.eventText(live);
  session.drop();
  assert.match(session.packets.items[0], /^40\{/, 'the answer to CONNECT comes first');
  return session.heard;
}

const story = (heard) =>
  heard.map(([name, argument]) => (name === 'relay:gap' ? argument : (argument.payload ?? null)));

describe('with the id of a publish', () => {
  for (const mode of Object.keys(MODES)) {
    test(`what came behind it is replayed, then comes what is live; ${mode}`, async () => {
      const room = fresh('room');
      const ids = await publishNumbered(room, 40);

      const client = new StockClient(relay.url, { mode, auth: { token: mint({ sessionId: room }), after: ids[9] } });
      await client.connected();
      await relay.publish(room, 'number', 41);

      await client.events.atLeast(31);
      assert.deepEqual(client.payloads('number'), upTo(41).slice(10));
      assert.deepEqual(
        client.events.items.slice(0, 30).map(({ args }) => args[1]),
        ids.slice(10),
      );
      assert.ok(!client.socket.recovered);
      client.close();
    });
  }

  test('nothing is replayed behind the last one, everything behind one of before, also of another room', async () => {
    const [room, elsewhere] = [fresh('room'), fresh('room')];
    const { id: before } = await relay.publish(elsewhere, 'elsewhere');
    const ids = await publishNumbered(room, 3);
    assert.deepEqual(story(await heardWith(room, { after: ids[2] })), [{}]);
    assert.deepEqual(story(await heardWith(room, { after: before })), [1, 2, 3, {}, {}]);
  });

  test("it is replayed what the token's rooms and account got, and nothing else", async () => {
    const [room, further, other, sub] = [fresh('room'), fresh('room'), fresh('room'), fresh('account')];
    const { id: after } = await relay.publish(other, 'start');
    await relay.publish(room, 'a', 'room');
    await relay.publish(other, 'a', 'other');
    await relay.publish(further, 'a', 'further');
    await relay.publish(room, 'a', 'vapour', { delivery: 'volatile' });
    await relay.post({ account: sub, type: 'a', payload: 'account' });
    await relay.post({ rooms: [room, further], account: sub, type: 'a', payload: 'all' });

    const heard = await heardWith(room, { after }, mint({ sessionId: room, rooms: [further], sub }));

    assert.deepEqual(story(heard), ['room', 'further', 'account', 'all', {}]);
  });

  test('a client that is cut later recovers from where it was, although its auth still says after', async (t) => {
    const room = fresh('room');
    const [after] = await publishNumbered(room, 3);
    const client = await roam(t, relay, { auth: { token: mint({ sessionId: room }), after } });
    await client.events.atLeast(2);

    await client.leave();
    await relay.publish(room, 'number', 4);
    assert.equal((await client.comeBack()).recovered, true);
    await relay.publish(room, 'number', 5);

    await client.events.atLeast(4);
    assert.deepEqual(client.payloads('number'), [2, 3, 4, 5]);
    assert.deepEqual(client.notices, []);
  });
});

describe('otherwise', () => {
  test('an id that is unknown gets relay:gap with what was asked for, right behind the answer, and then what is live', async () => {
    const room = fresh('room');
    const ids = await publishNumbered(room, 3);
    const { id: foreign } = await another.publish(room, 'number', 0);
    for (const after of ['never-was', foreign, `${ids[0]}x`, 'x'.repeat(500), 'é😀"\\']) {
      const heard = await heardWith(room, { after });
      assert.deepEqual(heard[0], ['relay:gap', { after }]);
      assert.deepEqual(story(heard), [{ after }, {}]);
    }
  });

  test('null is like nothing at all', async () => {
    const room = fresh('room');
    await publishNumbered(room, 3);
    assert.deepEqual(story(await heardWith(room, { after: null })), [{}]);
    assert.deepEqual(story(await heardWith(room, {})), [{}]);
  });

  test('what is no text is no error', async () => {
    for (const after of [0, 7, true, [], {}, '']) await heardWith(fresh('room'), { after });
  });

  test('it is ignored beside a pid, a good one or a bad one', async () => {
    const room = fresh('room');
    const token = mint({ sessionId: room });
    const first = await WebSocketSession.join(relay.port, { token });
    const { pid } = first.socket;
    first.drop();
    const ids = await publishNumbered(room, 3);
    assert.deepEqual(story(await heardWith(room, { pid, after: ids[1] }, token)), [1, 2, 3, {}]);
    assert.deepEqual(story(await heardWith(room, { pid: 'garbage', after: ids[0] }, token)), [{}]);
    assert.deepEqual(story(await heardWith(room, { pid: 'garbage', after: 'never-was' }, token)), [{}]);
  });
});

for (const workers of [1, 4]) {
  test(`while events are published without a pause, 50 clients miss and repeat none; WORKERS=${workers}`, async (t) => {
    const busy = await startRelay(t, { WORKERS: String(workers) });
    const room = fresh('room');
    const ids = [];
    let publishing = true;
    const publisher = (async () => {
      while (publishing) ids.push((await busy.publish(room, 'number', ids.length)).id);
      await busy.publish(room, 'sentinel');
    })();
    const started = [];
    const modes = Object.keys(MODES);
    while (started.length < 50) {
      const { id } = await busy.publish(fresh('room'), 'elsewhere');
      assert.ok(id);
      if (ids.length === 0) continue;
      const from = Math.floor((ids.length * (started.length % 10)) / 10);
      const auth = { token: mint({ sessionId: room }), after: ids[from] };
      started.push({ from, client: new StockClient(busy.url, { mode: modes[started.length % 3], auth }) });
    }
    await Promise.all(started.map(({ client }) => client.connected()));
    publishing = false;
    await publisher;

    for (const { from, client } of started) {
      await client.event('sentinel', 30_000);
      assert.deepEqual(client.payloads('number'), ids.map((_, number) => number).slice(from + 1));
      client.close();
    }
  });
}
