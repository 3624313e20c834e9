// Recovery of those who missed much, who read slowly, or whose relay is another one by now.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { withSeed } from './support/random.mjs';
import { RawConnection } from './support/raw_http.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, {
  WORKERS: '4',
  MAX_BACKLOG_BYTES: '65536',
  RECOVERY_MAX_BYTES: '800000000',
});
const upTo = (count) => Array.from({ length: count }, (_, index) => index + 1);

/** Events of `size` bytes, numbered, on one connection; in batches, since only their order matters. */
async function publishNumbered(room, numbers, size, at = relay) {
  const connection = await RawConnection.open(at.port);
  for (let start = 0; start < numbers.length; start += 100) {
    const batch = numbers.slice(start, start + 100);
    const events = batch.map((number) => ({ room, type: 'missed', payload: { number, filler: 'x'.repeat(size) } }));
    assert.equal((await at.post(events, { connection })).status, 202);
  }
  connection.close();
}

const numbersOf = (client) => client.payloads('missed').map(({ number }) => number);

describe('a long replay', () => {
  for (const mode of Object.keys(MODES)) {
    test(`of 2000 events and ten times MAX_BACKLOG_BYTES is paced and nobody is cut off; ${mode}`, async (t) => {
      const room = fresh('room');
      const client = await roam(t, relay, { mode, token: mint({ sessionId: room }) });
      await client.leave();
      await publishNumbered(room, upTo(2000), 300);

      assert.equal((await client.comeBack()).recovered, true);
      await relay.publish(room, 'live');

      await client.event('live', 30_000);
      assert.deepEqual(numbersOf(client), upTo(2000));
      assert.equal(client.disconnects.items.length, 1);
    });
  }

  test('waits for a client that does not read, and what is published meanwhile comes behind it', async () => {
    const room = fresh('room');
    const token = mint({ sessionId: room });
    const first = await WebSocketSession.join(relay.port, { token });
    const { sid, pid } = first.socket;
    first.drop();
    // More than the kernel's buffers of both ends take.
    await publishNumbered(room, upTo(2000), 10_000);
    const session = await WebSocketSession.open(relay.port);
    await session.connect({ token, pid });
    session.websocket.connection.socket.pause();

    for (const number of upTo(100)) {
      assert.equal((await relay.publish(room, 'meanwhile', { number, filler: 'x'.repeat(1000) })).recipients, 1);
      // Its offset is beyond what the client has still to get: it may not overtake that.
      await relay.publish(room, 'vapour', { number }, { delivery: 'volatile' });
    }
    session.websocket.connection.socket.resume();

    await session.packets.atLeast(100, (packet) => packet.startsWith('42["meanwhile"'), 'what is live', 30_000);
    const heard = session.heard.map(([name, { payload }]) => [name, payload.number]);
    assert.equal(session.socket.sid, sid);
    const offsets = session.heard.map(([, , offset]) => offset);
    assert.deepEqual(offsets, offsets.toSorted());
    assert.deepEqual(
      heard.filter(([name]) => name !== 'vapour'),
      [...upTo(2000).map((number) => ['missed', number]), ...upTo(100).map((number) => ['meanwhile', number])],
    );
    session.drop();
  });
});

describe('a replay that takes too long', () => {
  test('is broken off when its events are evicted: the connection ends, and the next knows of the gap', async (t) => {
    const frugal = await startRelay(t, { RECOVERY_MAX_BYTES: '160000000', WORKERS: '2' });
    const publish = (room, count) => publishNumbered(room, upTo(count), 10_000, frugal);
    const room = fresh('room');
    const token = mint({ sessionId: room });
    const first = await WebSocketSession.join(frugal.port, { token });
    const { sid, pid } = first.socket;
    first.drop();
    await publish(room, 1900);
    const session = await WebSocketSession.open(frugal.port);
    await session.connect({ token, pid });
    session.websocket.connection.socket.pause();

    await publish(room, 4000);
    session.websocket.connection.socket.resume();

    await session.packets.finished('the end of the connection', 30_000);
    const numbers = session.heard.map(([, { payload }]) => payload.number);
    assert.equal(session.socket.sid, sid);
    assert.deepEqual(numbers, upTo(numbers.length), 'what came is without a gap');
    const offset = session.heard.at(-1)[2];
    const next = await WebSocketSession.open(frugal.port);
    await next.connect({ token, pid, offset });
    assert.equal(await next.packet('42'), `42["relay:gap",{"after":"${offset}"}]`);
    assert.notEqual(next.socket.sid, sid);
    next.drop();
  });
});

describe('a client of a hundred rooms', () => {
  test('gets what was sent to some of them at once, once and in order', async (t) => {
    await withSeed(async (random) => {
      const rooms = upTo(100).map(() => fresh('room'));
      const token = mint({ sessionId: rooms[0], rooms: rooms.slice(1) });
      const client = await roam(t, relay, { token });
      await client.leave();
      const connection = await RawConnection.open(relay.port);
      for (const number of upTo(500)) {
        const some = upTo(random.between(1, 20)).map(() => random.pick(rooms));
        const event = { rooms: [...new Set(some)], type: 'missed', payload: { number } };
        assert.equal((await relay.post(event, { connection })).status, 202);
      }
      connection.close();

      assert.equal((await client.comeBack()).recovered, true);
      await relay.publish(rooms[99], 'live');

      await client.event('live');
      assert.deepEqual(numbersOf(client), upTo(500));
    });
  });
});

describe('a slow consumer', () => {
  test('that was cut off recovers when it comes back, and gets everything once and in order', async (t) => {
    const room = fresh('room');
    const client = await roam(t, relay, { token: mint({ sessionId: room }) });
    const { id } = client;
    client.proxy.stall('toClient');
    let published = 0;
    let recipients = 1;
    while (recipients > 0) {
      assert.ok(published < 6000, 'the client is cut off within 60 MB');
      const payload = { number: ++published, filler: 'x'.repeat(10_000) };
      ({ recipients } = await relay.publish(room, 'missed', payload));
    }
    const line = await relay.logLine('client disconnected', ({ socketId }) => socketId === id);
    assert.match(line.reason, /^slow[ _]consumer$/);

    client.proxy.cut();

    assert.deepEqual((await client.arrivals.atLeast(2))[1], { id, recovered: true });
    await relay.publish(room, 'live');
    await client.event('live', 30_000);
    assert.deepEqual(numbersOf(client), upTo(published));
  });
});

describe('another process', () => {
  for (const seesAnEvent of [true, false]) {
    const news = seesAnEvent ? 'relay:gap, for it had an offset' : 'no relay:gap, for it had no offset';
    test(`makes a client a new socket, with ${news}`, async (t) => {
      const [before, next] = [await startRelay(t), await startRelay(t)];
      const room = fresh('room');
      const client = await roam(t, before, { token: mint({ sessionId: room }) });
      const { id } = client;
      const after = seesAnEvent && (await before.publish(room, 'seen')).id;
      if (seesAnEvent) await client.event('seen');

      await client.leave();
      client.proxy.target = next.port;
      const arrival = await client.comeBack();
      await next.publish(room, 'live');

      await client.event('live');
      assert.equal(arrival.recovered, false);
      assert.notEqual(arrival.id, id);
      assert.deepEqual(client.notices, seesAnEvent ? [['relay:gap', { after }]] : []);
    });
  }
});
