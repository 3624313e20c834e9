// The model of a cluster: publishers number their events and repeat each until it is accepted, while Redis, the networks,
// the relays and the clients fail at random moments. Nobody gets anything twice or out of order. With streams nobody
// loses anything, as long as Redis keeps its data; with pubsub whoever loses something is told. RELAY_CLUSTER_CUTS says
// how many accidents each cluster has.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { startCluster } from './support/cluster.mjs';
import { calmCluster, disturbCluster } from './support/cluster_mischief.mjs';
import { fresh } from './support/names.mjs';
import { NumberedPublisher, NumberedReader } from './support/numbered.mjs';
import { withSeed } from './support/random.mjs';
import { eventually } from './support/record.mjs';
import { roam } from './support/roaming.mjs';
import { mint } from './support/tokens.mjs';

const CUTS = Number(process.env.RELAY_CLUSTER_CUTS ?? 12);
const VARIANTS = [
  { adapter: 'pubsub', nodes: 2 },
  { adapter: 'streams', nodes: 2 },
  { adapter: 'pubsub', nodes: 3 },
  { adapter: 'streams', nodes: 3 },
];
const ROOMS = 2;
const PUBLISHERS_OF_ROOM = 2;
const SETTINGS = {
  WORKERS: '2',
  REDIS_TIMEOUT_MS: '1000',
  PING_INTERVAL_MS: '300',
  PING_TIMEOUT_MS: '1000',
  // So that it is no reason for a loss.
  REDIS_STREAM_MAXLEN: '1000000',
};

/** Clients on every node: one of each room, and one of all rooms. */
async function readersOf(scope, cluster, rooms) {
  const readers = [];
  for (const node of cluster.nodes) {
    for (const own of [...rooms.map((room) => [room]), rooms]) {
      const [sessionId, ...further] = own;
      const token = mint({ sessionId, rooms: further });
      const client = await roam(scope, node, { token, timeout: 1000, reconnectionDelay: 5, reconnectionDelayMax: 50 });
      readers.push(Object.assign(new NumberedReader(client), { rooms: own }));
    }
  }
  return readers;
}

/** Until every reader has got one: an event that says that all before it have come, or never will. */
async function endStory(cluster, readers, rooms) {
  await cluster.ready();
  const [room] = rooms;
  let round = 0;
  await eventually(
    async () => {
      const answer = await cluster.nodes[round++ % cluster.nodes.length].post({ rooms, type: 'sentinel' });
      assert.ok([202, 503].includes(answer.status), answer.text);
      return readers.every(({ client }) => client.events.items.some(({ name }) => name === 'sentinel'));
    },
    () => `everybody gets something in the end: ${readers.map(({ client }) => client.events.items.length)} (${room})`,
    { deadlineMs: 40_000, everyMs: 250 },
  );
}

const publishersFor = (reader, publishers) => publishers.filter(({ room }) => reader.rooms.includes(room));

/** Whoever lost something may be told a little later; resolves when all were, or when that takes too long. */
async function whenAllAreTold(readers, publishers) {
  const isTold = (reader) => (publisher) => reader.tally(publisher).lostSilently.length === 0;
  const all = () => readers.every((reader) => publishersFor(reader, publishers).every(isTold(reader)));
  await eventually(all, 'everybody is told', { deadlineMs: 8000, everyMs: 200 }).catch(() => {});
}

/** How many numbers the reader has lost. */
function check(reader, publishers, adapter, story) {
  let losses = 0;
  for (const publisher of publishersFor(reader, publishers)) {
    const { doubled, reordered, lost, lostSilently } = reader.tally(publisher);
    const forbidden = { doubled, reordered, lost: adapter === 'streams' ? lost : lostSilently };
    const [worst] = Object.values(forbidden).flat();
    const told = `${JSON.stringify(forbidden)}; ${worst === undefined ? '' : reader.around(publisher, worst)}; ${story}`;
    assert.deepEqual(forbidden, { doubled: [], reordered: [], lost: [] }, told);
    losses += lost.length;
  }
  return losses;
}

async function play(scope, cluster, random, { adapter }) {
  const rooms = Array.from({ length: ROOMS }, () => fresh('room'));
  const readers = await readersOf(scope, cluster, rooms);
  const clients = readers.map(({ client }) => client);
  const publishers = rooms.flatMap((room) =>
    Array.from({ length: PUBLISHERS_OF_ROOM }, () => new NumberedPublisher(room)),
  );
  let isOver = false;
  const publishing = publishers.map((publisher) =>
    publisher.run(
      () => cluster.nodes.filter(Boolean),
      random.fork(),
      () => isOver,
    ),
  );
  const accidents = [];

  const trouble = disturbCluster(cluster, clients, random.fork(), CUTS, {
    told: (text) => accidents.push(`${text} at ${Date.now()}`),
  });
  await Promise.race([trouble, Promise.all(publishing)]).finally(() => {
    isOver = true;
    calmCluster(cluster);
  });
  await Promise.all([trouble, ...publishing]);
  await endStory(cluster, readers, rooms);

  if (adapter === 'pubsub') await whenAllAreTold(readers, publishers);
  const story = `accidents: ${accidents.join(', ')}`;
  const lost = readers.reduce((sum, reader) => sum + check(reader, publishers, adapter, story), 0);
  const sent = publishers.reduce((sum, { count }) => sum + count, 0);
  const repeats = publishers.reduce((sum, publisher) => sum + publisher.repeats, 0);
  const gaps = readers.reduce((sum, reader) => sum + reader.gaps, 0);
  scope.diagnostic(`${sent} accepted after ${repeats} repeats; ${readers.length} clients: ${lost} lost, ${gaps} gaps`);
  assert.ok(publishers.every(({ count }) => count > 0));
}

describe('a cluster in trouble', { concurrency: 2 }, () => {
  for (const variant of VARIANTS) {
    const promise = variant.adapter === 'streams' ? 'nothing is lost' : 'every loss is told';
    test(`${CUTS} accidents: ${promise}, nothing is doubled or reordered; ${variant.adapter}, ${variant.nodes} relays`, (t) =>
      withSeed(async (random) => {
        const options = { proxied: true, settings: SETTINGS, redisOptions: { appendonly: true } };
        await play(t, await startCluster(t, { ...variant, ...options }), random, variant);
      }));
  }
});
