// POST /events?wait=delivered: an answer that says who has the event. A pong proves it, so that every stock client
// confirms without knowing.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES, StockClient, VERSIONS } from './support/clients.mjs';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { RawConnection } from './support/raw_http.mjs';
import { eventually } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { API_KEY } from './support/settings.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '4' });
const waitFor = (timeout) => ({ query: `?wait=delivered${timeout === undefined ? '' : `&timeout=${timeout}`}` });
const join = (room, options) => StockClient.join(relay.url, { token: mint({ sessionId: room }), ...options });

/** A publish to the room that waits; the accepted answer, and how long it took. */
async function publishAndWait(room, timeout, more = {}, at = relay) {
  const asked = Date.now();
  const answer = await at.publish(room, 'receipt', {}, more, waitFor(timeout));
  return { ...answer, elapsed: Date.now() - asked };
}

const countOf = (client) => client.events.all(({ name }) => name === 'receipt').length;

describe('the answer', () => {
  for (const version of Object.keys(VERSIONS)) {
    for (const mode of Object.keys(MODES)) {
      test(`confirms a client that has handled the event; ${version}, ${mode}`, async () => {
        const room = fresh('room');
        // In the default mode it is on its way from polling to WebSocket.
        const client = await join(room, { version, mode });
        for (const count of [1, 2, 3]) {
          const { elapsed, ...answer } = await publishAndWait(room, 5000);
          assert.equal(countOf(client), count, 'it has the event by the time of the answer');
          assert.ok(elapsed < 3000, `the answer does not wait for the timeout: ${elapsed} ms`);
          assert.deepEqual([answer.recipients, answer.confirmed, answer.missing], [1, 1, []]);
        }
        client.close();
      });
    }
  }

  test('has confirmed and missing beside the members of every answer, for all sockets of a room', async () => {
    const room = fresh('room');
    const clients = await Promise.all(
      Array.from({ length: 30 }, (_, index) => join(room, { mode: Object.keys(MODES)[index % 3] })),
    );
    const { elapsed, ...answer } = await publishAndWait(room);
    assert.ok(clients.every((client) => countOf(client) === 1));
    assert.ok(elapsed < 4000);
    const members = ['delivered', 'duplicate', 'id', 'issuedAt', 'recipients', 'confirmed', 'missing'];
    assert.deepEqual(Object.keys(answer).sort(), members.sort());
    assert.deepEqual([answer.recipients, answer.confirmed, answer.missing], [30, 30, []]);
    clients.forEach((client) => client.close());
  });

  test('comes at once for a room that nobody is in', async () => {
    const { recipients, confirmed, missing, elapsed } = await publishAndWait(fresh('room'), 10_000);
    assert.deepEqual([recipients, confirmed, missing], [0, 0, []]);
    assert.ok(elapsed < 2000, `${elapsed} ms`);
  });

  test('names who is missing at the timeout, and confirms the others', async (t) => {
    const [room, account] = [fresh('room'), fresh('account')];
    const stalled = await roam(t, relay, { token: mint({ sessionId: room, sub: account }) });
    const other = await join(room);
    stalled.proxy.stall();

    const answer = await publishAndWait(room, 700);

    assert.deepEqual([answer.recipients, answer.confirmed], [2, 1]);
    assert.deepEqual(answer.missing, [{ account, socketId: stalled.id }]);
    assert.ok(answer.elapsed >= 650 && answer.elapsed < 3000, `${answer.elapsed} ms`);
    assert.equal(countOf(other), 1);
    stalled.proxy.resume();
    await stalled.event('receipt');
    other.close();
  });

  test('never delays the fan-out: others have the event long before', async (t) => {
    const room = fresh('room');
    const stalled = await roam(t, relay, { token: mint({ sessionId: room }) });
    const other = await join(room);
    stalled.proxy.stall();
    const waiting = publishAndWait(room, 3000);

    await other.event('receipt', 1500);
    assert.equal((await relay.publish(room, 'behind')).recipients, 2);
    await other.event('behind', 1500);

    assert.equal((await waiting).missing.length, 1);
    other.close();
  });

  test('names at most 100 of them, and counts right', async () => {
    const room = fresh('room');
    const sessions = await Promise.all(
      Array.from({ length: 120 }, () => PollingSession.join(relay.port, { token: mint({ sessionId: room }) })),
    );
    const { recipients, confirmed, missing } = await publishAndWait(room, 300);
    assert.deepEqual([recipients, confirmed, missing.length], [120, 0, 100]);
    const ids = new Set(sessions.map(({ socket }) => socket.sid));
    assert.ok(new Set(missing.map(({ socketId }) => socketId)).size === 100);
    assert.ok(missing.every(({ socketId }) => ids.has(socketId)));
  });
});

describe('a client that leaves', () => {
  test('is confirmed if it comes back in time, recovers, and gets the event', async (t) => {
    const room = fresh('room');
    const client = await roam(t, relay, { token: mint({ sessionId: room }) });
    await relay.publish(room, 'seen');
    await client.event('seen');
    client.proxy.stall('toClient');
    const waiting = publishAndWait(room, 8000);
    // The relay has queued the wait's event, since it has queued one that was published behind it on another connection.
    assert.equal((await relay.publish(room, 'behind')).recipients, 1);

    await client.leave();
    assert.equal((await client.comeBack()).recovered, true);

    const { recipients, confirmed, missing } = await waiting;
    assert.deepEqual([recipients, confirmed, missing], [1, 1, []]);
    assert.equal(countOf(client), 1);
  });

  test('is missing if it does not', async (t) => {
    const [room, account] = [fresh('room'), fresh('account')];
    const client = await roam(t, relay, { token: mint({ sessionId: room, sub: account }) });
    const { id } = client;
    client.proxy.stall('toClient');
    const waiting = publishAndWait(room, 1000);
    assert.equal((await relay.publish(room, 'behind')).recipients, 1);

    await client.leave();

    assert.deepEqual((await waiting).missing, [{ account, socketId: id }]);
  });
});

describe('a publisher that leaves', () => {
  test('before its answer disturbs nobody', async (t) => {
    const room = fresh('room');
    const [stalled, reader] = [await roam(t, relay, { token: mint({ sessionId: room }) }), await join(room)];
    stalled.proxy.stall();
    const connections = await Promise.all(Array.from({ length: 20 }, () => RawConnection.open(relay.port)));
    for (const connection of connections) {
      relay.post({ room, type: 'receipt' }, { ...waitFor(600), connection }).catch(() => {});
    }
    await reader.events.atLeast(20, ({ name }) => name === 'receipt');

    for (const connection of connections) connection.close();

    const { confirmed, missing } = await publishAndWait(room, 1000);
    assert.deepEqual([confirmed, missing.length], [1, 1]);
    reader.close();
  });
});

test('a relay that stops answers those who wait', async (t) => {
  const stopping = await startRelay(t, { WORKERS: '2' });
  const [room, account] = [fresh('room'), fresh('account')];
  const client = await roam(t, stopping, { token: mint({ sessionId: room, sub: account }) });
  const { id } = client;
  client.proxy.stall();
  const waiting = publishAndWait(room, 10_000, {}, stopping);
  const headers = { 'X-Relay-Key': API_KEY };
  const hasIt = async () => (await stopping.get(`/rooms/${room}/events`, { headers })).json.events.length === 1;
  await eventually(hasIt, 'the event is on its way');
  assert.equal((await stopping.publish(room, 'behind')).recipients, 1);

  const [answer] = await Promise.all([waiting, stopping.stop()]);

  assert.deepEqual(answer.missing, [{ account, socketId: id }]);
});

describe('what is no proof', () => {
  test('a pong to a ping that was written before the event', async (t) => {
    const pinging = await startRelay(t, { PING_INTERVAL_MS: '300', PING_TIMEOUT_MS: '8000' });
    const [room, account] = [fresh('room'), fresh('account')];
    const session = await WebSocketSession.join(pinging.port, {
      token: mint({ sessionId: room, sub: account }),
      pong: false,
    });
    await session.pings.first();
    const waiting = publishAndWait(room, 1500, {}, pinging);
    await session.packet('42["receipt"');

    session.send('3');

    assert.deepEqual((await waiting).missing, [{ account, socketId: session.socket.sid }]);
    assert.equal(session.pings.items.length, 2, 'it was asked again, once');
    session.send('3');
    session.drop();
  });

  test('that the event lies in a response that nobody fetched', async () => {
    const [room, account] = [fresh('room'), fresh('account')];
    const session = await PollingSession.join(relay.port, { token: mint({ sessionId: room, sub: account }) });
    const { missing } = await publishAndWait(room, 500);
    assert.deepEqual(missing, [{ account, socketId: session.socket.sid }]);
  });
});
