// What relays know of each other: who is there, who has gone, who is set up otherwise, who does not answer; and what they
// say of the Redis that they share.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { becomesReady, metric, readiness, startCluster } from './support/cluster.mjs';
import { fresh } from './support/names.mjs';
import { eventually } from './support/record.mjs';
import { startRedis } from './support/redis_server.mjs';
import { API_KEY, JWT_SECRET } from './support/settings.mjs';
import { mint } from './support/tokens.mjs';

const redis = await startRedis(test);

describe('relays of a cluster', { concurrency: 2 }, () => {
  test('say who has come, and who has left with a word or without', async (t) => {
    const cluster = await startCluster(t, { redis, nodes: 3 });
    const [staying, leaving, dying] = cluster.nodes;
    await staying.logLine('node joined', ({ peer }) => peer === 'node-1');
    await staying.logLine('node joined', ({ peer }) => peer === 'node-2');
    assert.equal(await metric(staying, 'cluster_nodes'), 2);

    await leaving.stop();
    await staying.logLine('node gone', ({ peer }) => peer === 'node-1', 2000);
    await dying.kill();
    await staying.logLine('node gone', ({ peer }) => peer === 'node-2', 15_000);
    assert.equal(await metric(staying, 'cluster_nodes'), 0);
  });

  test('name the settings in which one differs, which then is not ready; the older ones stay so', async (t) => {
    const cluster = await startCluster(t, { redis, settings: { NONCE_TTL_S: '600' } });
    const younger = await cluster.add({ NONCE_TTL_S: '601', NODE_NAME: 'other' });

    const line = await cluster.nodes[0].logLine('node has other settings');
    assert.deepEqual([line.peer, line.settings, line.level], ['other', 'NONCE_TTL_S', 'error']);
    assert.equal((await younger.logLine('node has other settings')).settings, 'NONCE_TTL_S');
    await younger.logLine('redis connected');
    assert.deepEqual(await readiness(younger), [503, 'redis_unavailable']);
    for (const node of cluster.nodes.slice(0, 2)) assert.deepEqual(await readiness(node), [200, 'ready']);

    for (const node of cluster.nodes.slice(0, 2)) await node.stop();
    await becomesReady(younger, 5000);
  });

  test('are asked who is in a room, and those that do not answer in time are named', async (t) => {
    const { nodes } = await startCluster(t, { redis });
    const [here, there] = nodes;
    const room = fresh('room');
    const client = await StockClient.join(here.url, { token: mint({ sessionId: room, sub: 'ann' }) });
    const hung = there.process.child;
    t.after(() => hung.kill('SIGCONT'));
    hung.kill('SIGSTOP');
    const isStopped = async () => / T /.test(await readFile(`/proc/${hung.pid}/stat`, 'latin1'));
    await eventually(isStopped, 'the relay stands still');

    const { status, json } = await here.get(`/rooms/${room}/presence`, { headers: { 'X-Relay-Key': API_KEY } });

    hung.kill('SIGCONT');
    assert.equal(status, 200);
    assert.deepEqual(json, { accounts: [{ account: 'ann', sockets: 1 }], count: 1, missingNodes: ['node-1'] });
    client.close();
  });

  test('with another CLUSTER_SECRET are strangers', async (t) => {
    const { nodes, prefix } = await startCluster(t, { redis, nodes: 1, settings: { CLUSTER_SECRET: 's'.repeat(32) } });
    const stranger = await startCluster(t, {
      redis,
      nodes: 1,
      settings: { CLUSTER_SECRET: 't'.repeat(32), REDIS_KEY_PREFIX: prefix, NODE_NAME: 'stranger' },
    });
    const room = fresh('room');
    const client = await StockClient.join(nodes[0].url, { token: mint({ sessionId: room }) });

    await stranger.nodes[0].publish(room, 'forged');
    const line = await nodes[0].logLine('bus message rejected');
    const end = fresh('end');
    await nodes[0].publish(room, end);
    await client.event(end).catch(() => {});

    assert.deepEqual([line.level, line.reason], ['warn', 'bad_mac']);
    assert.ok(!client.events.items.some(({ name }) => name === 'forged'));
    assert.equal(await metric(nodes[0], 'cluster_nodes'), 0);
    client.close();
  });

  test('change the signing secret in rounds without losing each other', async (t) => {
    const [older, newer] = [JWT_SECRET, `${JWT_SECRET}-new`];
    const first = { JWT_SIGNING_SECRET: older, JWT_SIGNING_SECRET_PREVIOUS: newer };
    const cluster = await startCluster(t, { redis, nodes: 1, settings: first });
    await cluster.add({ JWT_SIGNING_SECRET: newer, JWT_SIGNING_SECRET_PREVIOUS: older });
    await cluster.ready();
    const room = fresh('room');
    for (const [index, node] of cluster.nodes.entries()) {
      const client = await StockClient.join(cluster.nodes[1 - index].url, { token: mint({ sessionId: room }) });
      const type = fresh('across');
      await node.publish(room, type);
      await client.event(type);
      client.close();
    }
    for (const node of cluster.nodes) assert.equal(await metric(node, 'bus_rejected_total', { reason: 'bad_mac' }), 0);
  });
});

describe('at the start a relay warns of', { concurrency: 2 }, () => {
  test('a Redis that may evict what must be remembered', async (t) => {
    const evicting = await startRedis(t, { config: { maxmemory: '100mb', 'maxmemory-policy': 'allkeys-lru' } });
    const { nodes } = await startCluster(t, { redis: evicting, nodes: 1 });
    const line = await nodes[0].logLine('redis may forget nonces to make room');
    assert.deepEqual([line.level, line.maxmemoryPolicy, line.needed], ['warn', 'allkeys-lru', 'noeviction']);
  });

  test('a database that pub/sub does not know', async (t) => {
    const url = `${redis.urlFor()}/3`;
    const { nodes } = await startCluster(t, { redis, nodes: 1, settings: { REDIS_URL: url } });
    const line = await nodes[0].logLine('pub/sub does not know databases: REDIS_KEY_PREFIX tells deployments apart');
    assert.equal(line.setting, 'REDIS_URL');
  });

  test('a bus that is not authenticated', async (t) => {
    const { nodes } = await startCluster(t, { redis, nodes: 1, settings: { REDIS_PEERS: 'mixed' } });
    assert.equal((await nodes[0].logLine('bus is not authenticated')).value, 'mixed');
  });
});
