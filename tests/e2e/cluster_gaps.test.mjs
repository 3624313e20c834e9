// A relay that was cut off from Redis while events passed. What another relay still has, it gets from there, and its
// clients notice nothing; what nobody has is lost, and no client takes what follows for all there was.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { ADAPTERS, becomesReady, metric, startCluster } from './support/cluster.mjs';
import { fresh } from './support/names.mjs';
import { roam } from './support/roaming.mjs';
import { mint } from './support/tokens.mjs';

// A stream keeps about a hundred entries more than it should: with three hundred, those of the gap are gone.
const MISSED = 300;
const SETTINGS = { REDIS_STREAM_MAXLEN: '1', REDIS_TIMEOUT_MS: '1000', RECOVERY_WINDOW_S: '60' };

/** One client on each node, and numbers that all have got; then the second node is cut off, and more numbers pass. */
async function cutOff(scope, adapter) {
  const cluster = await startCluster(scope, { adapter, proxied: true, settings: SETTINGS });
  const [here, there] = cluster.nodes;
  const room = fresh('room');
  const client = await roam(scope, there, { token: mint({ sessionId: room }) });
  for (let number = 0; number < 3; number++) await here.publish(room, 'number', number);
  await client.events.atLeast(3);
  const lost = there.logLine('redis lost');
  there.network.refuse = true;
  there.network.cut();
  await lost;
  for (let number = 3; number < 3 + MISSED; number++) await here.publish(room, 'number', number);
  return { cluster, here, there, room, client };
}

const comeBack = async ({ network }) => {
  network.refuse = false;
};

describe('a relay that was cut off', { concurrency: 2 }, () => {
  for (const adapter of ADAPTERS) {
    test(`gets what it has missed from another one; ${adapter}`, async (t) => {
      const { here, there, room, client } = await cutOff(t, adapter);

      await comeBack(there);
      await becomesReady(there);
      const end = fresh('end');
      await here.publish(room, end);
      await client.event(end);

      const numbers = client.heard.filter(([name]) => name === 'number').map(([, number]) => number);
      assert.deepEqual(numbers, [...Array(3 + MISSED).keys()], 'all, once and in order');
      assert.deepEqual([client.disconnects.items.length, client.notices], [0, []], 'the client noticed nothing');
      assert.equal(await metric(there, 'bus_gaps_total'), 0);
      assert.ok((await metric(there, 'bus_filled_events_total')) > MISSED / 2);
    });

    test(`loses what nobody has any more, and says so; ${adapter}`, async (t) => {
      const { here, there, room, client } = await cutOff(t, adapter);
      const [{ id }] = client.arrivals.items;
      await here.kill();

      await comeBack(there);
      const line = await there.logLine('events lost');
      await client.arrivals.atLeast(2, () => true, 'the client comes back', 10_000);
      const end = fresh('end');
      await there.publish(room, end);
      await client.event(end);

      assert.ok(line.missing >= MISSED / 2 && line.level === 'error', JSON.stringify(line));
      assert.equal(await metric(there, 'bus_gaps_total'), 1);
      assert.equal(await metric(there, 'bus_lost_events_total'), line.missing);
      const [, arrival] = client.arrivals.items;
      assert.deepEqual([arrival.recovered, arrival.id === id], [false, false]);
      assert.deepEqual(
        client.notices.map(([name]) => name),
        ['relay:gap'],
      );
      const numbers = client.heard.filter(([name]) => name === 'number').map(([, number]) => number);
      assert.deepEqual(numbers, [0, 1, 2], 'nothing of what follows the gap before it is told');
    });

    test(`lets its clients recover at a node that has everything, although it has lost events; ${adapter}`, async (t) => {
      const { cluster, here, there, room, client } = await cutOff(t, adapter);
      // A node that stays, for the client to go to; the one that could fill the gap cannot be asked.
      const [{ id }] = client.arrivals.items;
      here.network.stall();
      client.proxy.target = here.port;
      await comeBack(there);
      await there.logLine('events lost');
      const back = client.arrivals.atLeast(2, () => true, 'the client comes back', 10_000);
      here.network.resume();
      await back;
      await cluster.ready();
      const end = fresh('end');
      await here.publish(room, end);
      await client.event(end);

      assert.deepEqual(client.arrivals.items[1], { id, recovered: true });
      const numbers = client.heard.filter(([name]) => name === 'number').map(([, number]) => number);
      assert.deepEqual(numbers, [...Array(3 + MISSED).keys()], 'all, once and in order');
    });
  }
});
