// A Redis that Sentinel watches: when the master changes, publishing goes on with the new one by itself.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { ADAPTERS, becomesReady, reachesAllAgain, startCluster } from './support/cluster.mjs';
import { fresh } from './support/names.mjs';
import { NumberedPublisher, NumberedReader, publishing } from './support/numbered.mjs';
import { withSeed } from './support/random.mjs';
import { roam } from './support/roaming.mjs';
import { startSentinels } from './support/sentinel.mjs';
import { mint } from './support/tokens.mjs';

/** `change(sentinels)` makes another server the master, in the middle of publishing. */
async function publishThrough(scope, adapter, random, change) {
  const sentinels = await startSentinels(scope);
  const settings = { WORKERS: '2', REDIS_TIMEOUT_MS: '1000' };
  const { nodes } = await startCluster(scope, { adapter, redis: sentinels, settings });
  const room = fresh('room');
  const clients = await Promise.all(nodes.map((node) => roam(scope, node, { token: mint({ sessionId: room }) })));
  const readers = clients.map((client) => new NumberedReader(client));
  const publishers = [new NumberedPublisher(room), new NumberedPublisher(room)];
  const { more, end } = publishing(publishers, nodes, random);

  await more(20, 30_000);
  await change(sentinels);
  await more(20, 30_000);
  await end();

  for (const node of nodes) await becomesReady(node);
  await reachesAllAgain(nodes, clients, room);
  for (const reader of readers) {
    for (const publisher of publishers) {
      const { doubled, reordered } = reader.tally(publisher);
      // Replicas lag: what the old master had not passed on of a nonce is forgotten, and then a publish whose answer was
      // lost in that moment may double. No other may.
      const certain = doubled.filter((number) => !publisher.doubtful.has(number));
      assert.deepEqual({ doubled: certain, reordered }, { doubled: [], reordered: [] });
      if (doubled.length > 0) scope.diagnostic(`${doubled.length} doubled, each in doubt when the master changed`);
    }
  }
}

describe('a Redis that Sentinel watches', { concurrency: 2 }, () => {
  for (const adapter of ADAPTERS) {
    test(`gets another master in order: publishing goes on, nothing doubled or reordered; ${adapter}`, (t) =>
      withSeed((random) => publishThrough(t, adapter, random, (group) => group.failover())));

    test(`loses its master: publishing goes on at the replica, nothing doubled or reordered; ${adapter}`, (t) =>
      withSeed((random) => publishThrough(t, adapter, random, (group) => group.killMaster())));
  }
});
