// What becomes of clients and publishers when Redis, or the way to it, fails: nobody is disconnected for it, a publish is
// refused with what is known of it, and afterwards all is as before, nothing doubled and nothing reordered.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import {
  ADAPTERS,
  metric,
  publishUntilAccepted,
  reachesAllAgain,
  readiness,
  startCluster,
} from './support/cluster.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { NumberedPublisher, NumberedReader, publishing } from './support/numbered.mjs';
import { withSeed } from './support/random.mjs';
import { eventually, untilTime } from './support/record.mjs';
import { roam } from './support/roaming.mjs';
import { mint, publisherToken } from './support/tokens.mjs';

const TIMEOUT_MS = 1000;
const SETTINGS = { WORKERS: '2', REDIS_TIMEOUT_MS: String(TIMEOUT_MS), READY_REDIS_GRACE_S: '1' };
const GONE = [503, 'redis_unavailable'];
const READY = [200, 'ready'];

const bothAre = (nodes, expected, deadlineMs = 15_000) =>
  eventually(
    async () => (await Promise.all(nodes.map(readiness))).every((state) => state.join() === expected.join()),
    `all nodes answer /readyz with ${expected}`,
    { deadlineMs },
  );

const lines = (node, message, count) =>
  node.logs.atLeast(count, ({ msg }) => msg === message, `log lines "${message}"`, 20_000);

/** A client on each node that may emit, and that comes back if it must. */
function roamBoth(scope, nodes, room) {
  return Promise.all(nodes.map((node) => roam(scope, node, { token: publisherToken(room) })));
}

/** Events reach all clients from either node: a sentinel of each, once accepted. */
async function worksAgain(nodes, clients, room) {
  for (const node of nodes) {
    const type = fresh('works');
    await publishUntilAccepted(node, { room, type });
    for (const client of clients) await client.event(type);
  }
}

const hasGap = (client) =>
  client.notices.some(([name]) => name === 'relay:gap') || client.arrivals.items.slice(1).some((to) => !to.recovered);

function assertRefused(answer, outcomes = ['not_done', 'unknown']) {
  assert.deepEqual([answer.status, answer.json?.code], [503, 'unavailable'], answer.text);
  assert.ok(outcomes.includes(answer.json.outcome), answer.text);
  assert.match(answer.headers['retry-after'], /^\d+$/);
}

async function dies(scope, { redis, nodes }) {
  const room = fresh('room');
  const clients = await roamBoth(scope, nodes, room);
  const reconnects = await Promise.all(nodes.map((node) => metric(node, 'redis_reconnects_total')));
  for (const node of nodes) assert.equal(await metric(node, 'redis_up'), 1);

  await redis.kill();

  for (const node of nodes) {
    await lines(node, 'redis lost', 1);
    assertRefused(await node.post({ room, type: 'refused' }));
    assert.equal((await node.get('/healthz')).status, 200);
  }
  for (const client of clients) {
    assert.deepEqual(await client.ask('client.refused', 1), { ok: false, code: 'unavailable' });
  }
  await bothAre(nodes, GONE);
  for (const node of nodes) assert.equal(await metric(node, 'redis_up'), 0);

  await redis.restart({ empty: true });

  await bothAre(nodes, READY);
  for (const [index, node] of nodes.entries()) {
    await lines(node, 'redis connected', 2);
    assert.equal(await metric(node, 'redis_up'), 1);
    assert.ok((await metric(node, 'redis_reconnects_total')) > reconnects[index]);
    assert.ok((await metric(node, 'redis_publish_errors_total')) > 0);
  }
  await worksAgain(nodes, clients, room);
  assert.equal((await clients[0].ask('client.again', 1)).ok, true);
  await clients[1].event('client.again');
  for (const client of clients) {
    assert.deepEqual(client.disconnects.items, [], 'clients stay');
    assert.deepEqual(client.payloads('refused').concat(client.payloads('client.refused')), []);
  }
}

async function freezes(scope, { redis, nodes }, adapter) {
  const room = fresh('room');
  const clients = await roamBoth(scope, nodes, room);
  const event = { room, type: 'once', payload: 1, nonce: fresh('nonce-frozen') };

  scope.after(() => redis.thaw());
  redis.freeze();
  const frozen = Date.now();
  assertRefused(await nodes[0].post(event));
  const waited = Date.now() - frozen;
  assert.ok(waited < TIMEOUT_MS + 3000, `503 after ${waited} ms`);
  await bothAre(nodes, GONE);
  await untilTime(frozen + 10_000);
  for (const client of clients) assert.deepEqual(client.disconnects.items, [], 'clients stay');
  redis.thaw();

  const [first, second] = [await publishUntilAccepted(nodes[1], event), await publishUntilAccepted(nodes[0], event)];
  assert.equal(second.duplicate, true);
  assert.equal(second.id, first.id);
  await bothAre(nodes, READY);
  await worksAgain(nodes, clients, room);
  for (const client of clients) {
    const got = client.payloads('once');
    // With pubsub it may have fanned out while nobody was subscribed; then the client was told that it missed something.
    if (adapter === 'pubsub' && got.length === 0) assert.ok(hasGap(client), 'a loss is told');
    else assert.deepEqual(got, [1]);
  }
}

async function isFull(scope, { redis, nodes }) {
  const room = fresh('room');
  const clients = await roamBoth(scope, nodes, room);
  const nonce = fresh('nonce-not-used-up');

  scope.after(() => redis.command('CONFIG', 'SET', 'maxmemory', '0'));
  await redis.command('CONFIG', 'SET', 'maxmemory', '1');
  for (const node of nodes) assertRefused(await node.post({ room, type: 'once', payload: 1, nonce }), ['not_done']);
  await redis.command('CONFIG', 'SET', 'maxmemory', '0');

  // The nonce is free, for another body as well.
  const answer = await publishUntilAccepted(nodes[1], { room, type: 'once', payload: 2, nonce });
  assert.equal(answer.duplicate, false);
  await worksAgain(nodes, clients, room);
  for (const client of clients) {
    assert.deepEqual(client.payloads('once'), [2]);
    assert.deepEqual(client.disconnects.items, [], 'clients stay');
  }
}

async function holdsConnects(scope, { redis, nodes }) {
  const lost = nodes[0].logs.all(({ msg }) => msg === 'redis lost').length;
  await redis.kill();
  await lines(nodes[0], 'redis lost', lost + 1);

  const session = await WebSocketSession.open(nodes[0].port);
  const sent = Date.now();
  session.send(`40${JSON.stringify({ token: mint() })}`);
  await session.closeFrame('the close of a session whose CONNECT was held', TIMEOUT_MS + 5000);
  assert.ok(Date.now() - sent >= TIMEOUT_MS * 0.9, `held for ${Date.now() - sent} ms`);
  const answers = session.packets.all((packet) => /^4[04]/.test(packet));
  assert.deepEqual(answers, [], 'neither CONNECT nor CONNECT_ERROR');

  const client = new StockClient(nodes[0].url, {
    reconnection: true,
    reconnectionDelay: 50,
    reconnectionDelayMax: 200,
  });
  await redis.restart({ empty: true });
  await client.connects.first(() => true, 'connect', 20_000);
  const refusals = client.errors.all(({ data }) => data !== undefined);
  assert.deepEqual(refusals, [], 'a CONNECT_ERROR would have stopped the client');
  client.close();
  await bothAre(nodes, READY);
}

/** The networks between relays and Redis are slow, broken and noisy, one after the other, under publishing. */
async function badNetwork(scope, { nodes }, random) {
  const room = fresh('room');
  const readers = (await roamBoth(scope, nodes, room)).map((client) => new NumberedReader(client));
  const clients = readers.map(({ client }) => client);
  const publishers = [new NumberedPublisher(room), new NumberedPublisher(room)];
  const { more, end } = publishing(publishers, nodes, random);

  for (const { line } of nodes) line.delayMs = 30;
  await more(5);
  for (const { line } of nodes) line.delayMs = 0;
  for (const { network } of nodes) {
    for (const how of ['reset', 'end']) {
      network.cut({ how });
      await more(20);
    }
    network.stall();
    await untilTime(Date.now() + 1.5 * TIMEOUT_MS);
    network.resume();
    await more(20);
  }
  for (const { line } of nodes) {
    line.draw = (most) => random.between(0, most);
    for (const direction of ['toRedis', 'toRelay']) {
      line.garble[direction] = 1;
      await eventually(() => line.garble[direction] === 0, 'a byte is changed');
      await more(5);
    }
  }
  await end();

  await bothAre(nodes, READY);
  await reachesAllAgain(nodes, clients, room);
  for (const reader of readers) {
    for (const publisher of publishers) {
      const { doubled, reordered } = reader.tally(publisher);
      assert.deepEqual({ doubled, reordered }, { doubled: [], reordered: [] });
    }
  }
}

const clusters = {};
for (const adapter of ADAPTERS) {
  clusters[adapter] = await startCluster(test, { adapter, settings: SETTINGS });
  clusters[`${adapter}, proxied`] = await startCluster(test, { adapter, settings: SETTINGS, proxied: true });
}

describe('Redis', { concurrency: true }, () => {
  for (const adapter of ADAPTERS) {
    const cluster = clusters[adapter];
    describe(adapter, { concurrency: false }, () => {
      test('dies and comes back empty: clients stay, publishers are told, and then all is as before', (t) =>
        dies(t, cluster));
      test('freezes for 10 s: a publish times out, and tried again with its nonce fans out once', (t) =>
        freezes(t, cluster, adapter));
      test('is out of memory: a publish is not_done, and its nonce is not used up', (t) => isFull(t, cluster));
      test('is away: a CONNECT is held, not refused', (t) => holdsConnects(t, cluster));
    });
    test(`is behind a network that delays, cuts, stalls and garbles: nothing is doubled or reordered; ${adapter}`, (t) =>
      withSeed((random) => badNetwork(t, clusters[`${adapter}, proxied`], random)));
  }
});
