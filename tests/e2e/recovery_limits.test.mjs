// How long and how much the relay retains for recovery: RECOVERY_WINDOW_S, RECOVERY_MAX_BYTES, and what keeps a quiet
// client recoverable.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { WebSocketSession } from './support/engine.mjs';
import { parseMetrics, total } from './support/metrics_text.mjs';
import { fresh } from './support/names.mjs';
import { untilTime } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { mint } from './support/tokens.mjs';

const WINDOW_S = 2;
const shortSighted = await startRelay(test, { RECOVERY_WINDOW_S: String(WINDOW_S), WORKERS: '2' });
const frugal = await startRelay(test, { RECOVERY_MAX_BYTES: '1000000', WORKERS: '2' });
const forgetful = await startRelay(test, { RECOVERY_WINDOW_S: '0' });
const inWindows = (count) => untilTime(Date.now() + count * WINDOW_S * 1000);

/** A client in a room of its own that has got one event, `seen`. */
async function settled(scope, relay) {
  const room = fresh('room');
  const client = Object.assign(await roam(scope, relay, { token: mint({ sessionId: room }) }), { room });
  const { id: offset } = await relay.publish(room, 'seen');
  await client.event('seen');
  return Object.assign(client, { offset });
}

async function namesUpToNow(client, relay) {
  await relay.publish(client.room, 'sentinel');
  await client.event('sentinel');
  return client.events.items.map(({ name }) => name).filter((name) => name !== 'relay:sync');
}

describe('RECOVERY_WINDOW_S', { concurrency: true }, () => {
  test('who comes back within the window recovers, who comes back after one and a half is new', async (t) => {
    const [early, late] = [await settled(t, shortSighted), await settled(t, shortSighted)];
    const { id } = early;
    for (const client of [early, late]) {
      await client.leave();
      await shortSighted.publish(client.room, 'missed');
    }
    const left = Date.now();

    assert.deepEqual(await early.comeBack(), { id, recovered: true });
    await untilTime(left + 1600 * WINDOW_S);
    const lateId = late.arrivals.items[0].id;
    const arrival = await late.comeBack();

    assert.equal(arrival.recovered, false);
    assert.notEqual(arrival.id, lateId);
    assert.deepEqual(await namesUpToNow(early, shortSighted), ['seen', 'missed', 'sentinel']);
    assert.deepEqual(await namesUpToNow(late, shortSighted), ['seen', 'relay:gap', 'sentinel']);
    assert.equal((await late.event('relay:gap')).args.length, 1);
    const offsets = late.events.items.map(({ args }) => args.at(-1)).filter((last) => typeof last === 'string');
    assert.ok(offsets.includes((await late.envelope('relay:gap')).after), 'what it asked for is what it had');
  });

  test('a socket that got no event for half a window is sent relay:sync [{}, offset], again and again', async () => {
    const session = await WebSocketSession.join(shortSighted.port);
    const joined = Date.now();

    const [first, second] = await session.packets.atLeast(2, (packet) => packet.startsWith('42["relay:sync"'));

    const elapsed = (Date.now() - joined) / 1000;
    assert.ok(elapsed > WINDOW_S * 0.8 && elapsed < WINDOW_S * 2.5, `the second after ${elapsed} s`);
    for (const packet of [first, second]) assert.match(packet, /^42\["relay:sync",\{\},"[A-Za-z0-9._~-]{1,64}"\]$/);
    session.drop();
  });

  test('relay:sync is for the quiet only', async () => {
    const room = fresh('room');
    const session = await WebSocketSession.join(shortSighted.port, { token: mint({ sessionId: room }) });
    for (let number = 0; number < 12; number++) {
      await shortSighted.publish(room, 'tick', number);
      await inWindows(0.125);
    }
    assert.equal(session.events('relay:sync').length, 0);
    session.drop();
  });

  test('a client that got nothing for several windows recovers, while others talk', async (t) => {
    const [client, room] = [await settled(t, shortSighted), fresh('busy')];
    const { id } = client;
    for (let number = 0; number < 12; number++) {
      await shortSighted.publish(room, 'noise', number);
      await inWindows(0.25);
    }

    await client.leave();
    await shortSighted.publish(client.room, 'missed');

    assert.deepEqual(await client.comeBack(), { id, recovered: true });
    assert.deepEqual(await namesUpToNow(client, shortSighted), ['seen', 'missed', 'sentinel']);
  });

  test('and so does one that never got anything, also from the offset of a relay:sync alone', async () => {
    const room = fresh('room');
    const token = mint({ sessionId: room });
    const session = await WebSocketSession.join(shortSighted.port, { token });
    const syncs = await session.packets.atLeast(4, (packet) => packet.startsWith('42["relay:sync"'), 'relay:sync');
    const offset = JSON.parse(syncs.at(-1).slice(2))[2];
    session.drop();
    await shortSighted.publish(room, 'missed');

    const again = await WebSocketSession.open(shortSighted.port);
    await again.connect({ token, pid: session.socket.pid, offset });

    assert.equal(again.socket.sid, session.socket.sid);
    await again.eventText('missed');
    again.drop();
  });
});

describe('RECOVERY_WINDOW_S=0', () => {
  test('there is no pid and no offset', async () => {
    const room = fresh('room');
    const session = await WebSocketSession.join(forgetful.port, { token: mint({ sessionId: room }) });
    assert.deepEqual(Object.keys(session.socket), ['sid']);

    const { id } = await forgetful.publish(room, 'plain');

    assert.equal(JSON.parse(await session.eventText('plain')).length, 2);
    assert.match(id, /^[A-Za-z0-9._~-]{1,64}$/);
    session.drop();
  });

  test('who comes back with pid and offset, or asks for what came after an id, is new and is told of the gap', async () => {
    for (const wish of [{ pid: 'of.another.relay', offset: 'far.away' }, { after: 'far.away' }]) {
      const session = await WebSocketSession.open(forgetful.port);
      await session.connect({ token: mint(), ...wish });
      assert.deepEqual(Object.keys(session.socket), ['sid']);
      assert.equal((await session.packet('42')).slice(2), '["relay:gap",{"after":"far.away"}]');
      session.drop();
    }
  });
});

describe('RECOVERY_MAX_BYTES', () => {
  test('a room that is flooded loses its own events first; clients of other rooms recover all the same', async (t) => {
    const [flooded, quiet] = [await settled(t, frugal), await settled(t, frugal)];
    const ids = [flooded.id, quiet.id];
    for (const client of [flooded, quiet]) await client.leave();
    await frugal.publish(quiet.room, 'missed');

    // 600 kB: less than the budget, but more than the eighth of it that a room may have.
    for (let number = 0; number < 60; number++) await frugal.publish(flooded.room, 'flood', 'x'.repeat(10_000));

    assert.deepEqual(await quiet.comeBack(), { id: ids[1], recovered: true });
    assert.deepEqual(await namesUpToNow(quiet, frugal), ['seen', 'missed', 'sentinel']);
    const arrival = await flooded.comeBack();
    assert.equal(arrival.recovered, false);
    assert.notEqual(arrival.id, ids[0]);
    assert.deepEqual(await namesUpToNow(flooded, frugal), ['seen', 'relay:gap', 'sentinel']);
    assert.deepEqual(flooded.notices, [['relay:gap', { after: flooded.offset }]]);
  });

  test('bounds auth.after as well: relay:gap for a room that lost events, a replay for one that did not', async () => {
    const [flooded, quiet] = [fresh('flooded'), fresh('quiet')];
    const { id: after } = await frugal.publish(flooded, 'start');
    await frugal.publish(quiet, 'number', 1);
    for (let number = 0; number < 40; number++) await frugal.publish(flooded, 'flood', 'x'.repeat(10_000));
    const heardIn = async (sessionId, rooms) => {
      const session = await WebSocketSession.open(frugal.port);
      await session.connect({ token: mint({ sessionId, rooms }), after });
      await frugal.publish(sessionId, 'sentinel');
      await session.eventText('sentinel');
      session.drop();
      return session.heard.map(([name]) => name);
    };
    assert.deepEqual(await heardIn(quiet), ['number', 'sentinel']);
    assert.deepEqual(await heardIn(flooded), ['relay:gap', 'sentinel']);
    assert.deepEqual(await heardIn(fresh('room'), [flooded, quiet]), ['relay:gap', 'sentinel']);
  });

  test('holds over all rooms, by the count of the relay itself', async () => {
    for (let number = 0; number < 300; number++) await frugal.publish(fresh('room'), 'flood', 'x'.repeat(10_000));
    const families = parseMetrics((await frugal.get('/metrics')).text);
    const retained = total(families, 'socket_relay_retained_bytes');
    // The newest event may still be on its way to the clients.
    assert.ok(retained > 500_000 && retained <= 1_012_000, `${retained} bytes`);
  });
});
