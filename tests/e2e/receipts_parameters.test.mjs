// What POST /events?wait=delivered may be asked together with, and what not.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { PollingSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '4' });
const waitFor = (timeout) => ({ query: `?wait=delivered${timeout === undefined ? '' : `&timeout=${timeout}`}` });
const join = (room) => StockClient.join(relay.url, { token: mint({ sessionId: room }) });

/** A publish to the room that waits; the accepted answer, and how long it took. */
async function publishAndWait(room, timeout, more = {}) {
  const asked = Date.now();
  const answer = await relay.publish(room, 'receipt', {}, more, waitFor(timeout));
  return { ...answer, elapsed: Date.now() - asked };
}

describe('parameters', () => {
  test('anything but wait=delivered and a timeout from 1 to 10000 is 400, and is not published', async () => {
    const room = fresh('room');
    const client = await join(room);
    const queries = [
      ...['?wait=sent', '?wait=', '?wait=Delivered', '?wait=delivered&wait=sent'],
      ...['0', '10001', 'x', '', '-1', '1.5', '1e3', '5000x'].map((timeout) => `?wait=delivered&timeout=${timeout}`),
    ];
    for (const query of queries) {
      const response = await relay.post({ room, type: 'not.this' }, { query });
      assert.equal(response.status, 400, query);
      assert.match(response.headers['content-type'], /^application\/problem\+json/);
    }
    for (const timeout of [1, 10_000]) assert.ok('confirmed' in (await publishAndWait(room, timeout)));
    assert.ok(client.events.items.every(({ name }) => name === 'receipt'));
    client.close();
  });

  test('a batch cannot wait', async () => {
    const room = fresh('room');
    const client = await join(room);
    const response = await relay.post([{ room, type: 'not.this' }], waitFor(1000));
    assert.equal(response.status, 400);
    await publishAndWait(room);
    assert.deepEqual(
      client.events.items.map(({ name }) => name),
      ['receipt'],
    );
    client.close();
  });

  test('a duplicate is answered at once, without confirmed', async (t) => {
    const room = fresh('room');
    const client = await roam(t, relay, { token: mint({ sessionId: room }) });
    const nonce = fresh('nonce-of-a-receipt');
    const first = await publishAndWait(room, 5000, { nonce });
    assert.equal(first.confirmed, 1);
    client.proxy.stall();

    const { elapsed, ...second } = await publishAndWait(room, 5000, { nonce });

    assert.ok(elapsed < 2000, `${elapsed} ms`);
    assert.deepEqual(second, { delivered: true, duplicate: true, id: first.id, issuedAt: first.issuedAt });
  });

  test('a duplicate is answered at once also while the first still waits', async (t) => {
    const room = fresh('room');
    const client = await roam(t, relay, { token: mint({ sessionId: room }) });
    client.proxy.stall();
    const nonce = fresh('nonce-of-a-receipt');
    const waiting = publishAndWait(room, 3000, { nonce });
    assert.equal((await relay.publish(room, 'behind')).recipients, 1);

    const second = await publishAndWait(room, 3000, { nonce });

    assert.deepEqual([second.duplicate, 'confirmed' in second], [true, false]);
    assert.ok(second.elapsed < 1500, `${second.elapsed} ms`);
    assert.equal((await waiting).id, second.id);
  });

  test('sockets that a volatile event skips are no recipients', async () => {
    const room = fresh('room');
    const behind = await PollingSession.join(relay.port, { token: mint({ sessionId: room }) });
    const reader = await join(room);
    await relay.publish(room, 'backlog', 'x'.repeat(1000));
    const { recipients, confirmed, missing } = await publishAndWait(room, 3000, { delivery: 'volatile' });
    assert.deepEqual([recipients, confirmed, missing], [1, 1, []]);
    const packets = await behind.packets(1);
    assert.equal(packets.filter((packet) => packet.includes('receipt')).length, 0);
    reader.close();
  });
});
