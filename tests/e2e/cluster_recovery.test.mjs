// A client that was on one node comes back to another: it is the same socket, and gets what it missed, once and in
// order; or it is a new one and is told so.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { ADAPTERS, becomesReady, publishUntilAccepted, startCluster } from './support/cluster.mjs';
import { departed, heardUpToNow, resume } from './support/departed.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { startRedis } from './support/redis_server.mjs';
import { roam } from './support/roaming.mjs';
import { API_KEY } from './support/settings.mjs';
import { mint } from './support/tokens.mjs';

const SETTINGS = { WORKERS: '2' };
const redis = await startRedis(test);
const numbered = (first, last) => Array.from({ length: last - first + 1 }, (_, index) => ['number', first + index]);

/** A client of the first node, and one that stays on the second: both in a room, both have got number 0. */
async function settled(scope, { nodes }) {
  const [room, sub] = [fresh('room'), fresh('account')];
  const client = await roam(scope, nodes[0], { token: mint({ sessionId: room, sub }) });
  const resident = await StockClient.join(nodes[1].url, { token: mint({ sessionId: room }) });
  await nodes[0].publish(room, 'number', 0);
  for (const each of [client, resident]) await each.event('number');
  return { client, resident, room, sub };
}

const publishNumbers = async (nodes, room, first, last) => {
  for (let number = first; number <= last; number++) await nodes[number % nodes.length].publish(room, 'number', number);
};

/** Everything the client has got, after one more event that is live. */
async function heardBy(client, node, room) {
  const type = fresh('live');
  await publishUntilAccepted(node, { room, type });
  await client.event(type);
  assert.deepEqual(client.heard.at(-1), [type, {}]);
  return client.heard.slice(0, -1);
}

for (const adapter of ADAPTERS) {
  const cluster = await startCluster(test, { adapter, redis, settings: SETTINGS });
  const { nodes } = cluster;
  const [here, there] = nodes;

  describe(`a client that comes back to another node; ${adapter}`, () => {
    test('has recovered, with the same id, and gets what it missed, once and in order', async (t) => {
      const { client, resident, room } = await settled(t, cluster);
      const { id } = client;

      await client.leave();
      await publishNumbers(nodes, room, 1, 40);
      client.proxy.target = there.port;
      assert.deepEqual(await client.comeBack(), { id, recovered: true });
      await publishNumbers(nodes, room, 41, 60);

      assert.deepEqual(await heardBy(client, here, room), numbered(0, 60));
      assert.deepEqual(client.notices, []);
      resident.close();
    });

    test('goes to and fro under publishing and loses nothing', async (t) => {
      const { client, resident, room } = await settled(t, cluster);
      const { id } = client;
      let isOver = false;
      let last = 0;
      const publishing = (async () => {
        while (!isOver) await publishNumbers(nodes, room, ++last, last);
      })();

      try {
        for (let round = 1; round <= 10; round++) {
          await client.leave();
          client.proxy.target = nodes[round % 2].port;
          assert.deepEqual(await client.comeBack(), { id, recovered: true });
        }
      } finally {
        isOver = true;
        await publishing;
      }

      assert.deepEqual(await heardBy(client, here, room), numbered(0, last));
      resident.close();
    });

    test('is found by its private room and by its account at the new node', async (t) => {
      const { client, resident, sub } = await settled(t, cluster);
      await client.leave();
      await here.post({ account: sub, type: 'number', payload: 1 });
      client.proxy.target = there.port;
      assert.equal((await client.comeBack()).recovered, true);
      await here.post({ account: sub, type: 'number', payload: 2 });
      assert.deepEqual(await heardBy(client, here, client.id), numbered(0, 2));
      resident.close();
    });

    test('closes its old connection, which still lives at the other node: nothing comes twice', async () => {
      const [room, sub] = [fresh('room'), fresh('account')];
      const token = mint({ sessionId: room, sub });
      const resident = await StockClient.join(there.url, { token: mint({ sessionId: room }) });
      const old = await WebSocketSession.join(here.port, { token });
      const { id: offset } = await here.publish(room, 'seen');
      await old.eventText('seen');
      await resident.event('seen');

      const session = await resume(there, { token, pid: old.socket.pid, offset });

      assert.equal(session.socket.sid, old.socket.sid);
      await old.closeFrame('the close of the old connection');
      const before = old.heard.length;
      assert.equal((await here.publish(room, 'number', 1)).recipients, 0);
      await there.publish(room, 'live');
      await session.eventText('live');
      assert.deepEqual(
        session.heard.map(([name]) => name),
        ['number', 'live'],
      );
      assert.equal(old.heard.length, before);
      resident.close();
      session.drop();
    });

    test('with auth.after gets what followed that id, which the other node gave', async () => {
      const room = fresh('room');
      const resident = await StockClient.join(there.url, { token: mint({ sessionId: room }) });
      const { id } = await here.publish(room, 'number', 0);
      await publishNumbers(nodes, room, 1, 5);
      await resident.events.atLeast(6);

      const session = await resume(there, { token: mint({ sessionId: room }), after: id });

      const live = fresh('live');
      await here.publish(room, live);
      await session.packet(`42["${live}"`);
      const heard = session.heard.slice(0, -1).map(([name, { payload }]) => [name, payload]);
      assert.deepEqual(heard, numbered(1, 5));
      resident.close();
      session.drop();
    });

    test('has recovered also when its node was killed', async (t) => {
      const dying = await startCluster(t, { adapter, redis, settings: SETTINGS });
      const { client, resident, room } = await settled(t, dying);
      const { id } = client;
      client.proxy.refuse = true;

      await dying.nodes[0].kill();
      await client.disconnected();
      await publishNumbers([dying.nodes[1]], room, 1, 10);
      client.proxy.target = dying.nodes[1].port;

      assert.deepEqual(await client.comeBack(), { id, recovered: true });
      assert.deepEqual(await heardBy(client, dying.nodes[1], room), numbered(0, 10));
      resident.close();
    });

    test('of a Redis that has forgotten everything is new, and is told with relay:gap', async (t) => {
      const forgetful = await startCluster(t, { adapter, settings: SETTINGS });
      const known = await departed(forgetful.nodes[0]);
      const lost = forgetful.nodes.map((node) => node.logLine('redis lost'));

      await forgetful.redis.restart({ empty: true });
      await Promise.all(lost);
      for (const node of forgetful.nodes) await becomesReady(node);
      await publishUntilAccepted(forgetful.nodes[0], { room: fresh('room'), type: 'of-a-new-epoch' });

      const { token, pid, offset, room, sid } = known;
      const session = await resume(forgetful.nodes[1], { token, pid, offset });
      assert.notEqual(session.socket.sid, sid);
      const heard = await heardUpToNow(forgetful.nodes[1], session, room);
      assert.deepEqual(heard, [['relay:gap', { after: offset }]]);
    });
  });
}

for (const adapter of ADAPTERS) {
  test(`a page of history waits for a node that is behind, but not for ever; ${adapter}`, async (t) => {
    const { nodes } = await startCluster(t, { adapter, redis, proxied: true, settings: SETTINGS });
    const [ahead, behind] = nodes;
    const room = fresh('room');
    const page = async (after) => {
      const query = new URLSearchParams({ after });
      const { json } = await behind.get(`/rooms/${room}/events?${query}`, { headers: { 'X-Relay-Key': API_KEY } });
      return { types: json.events.map(({ name }) => name), complete: json.complete };
    };
    const first = await ahead.publish(room, 'first');

    behind.network.stall();
    const second = await ahead.publish(room, 'second');
    const begun = Date.now();
    const [early, late] = [page(second.id), page(second.id)];
    assert.deepEqual(await early, { types: ['first'], complete: false }, 'Redis is away for longer than it waits');
    assert.ok(Date.now() - begun >= 2000, `after ${Date.now() - begun} ms`);
    await late;

    const held = page(second.id);
    behind.network.resume();
    assert.deepEqual(await held, { types: [], complete: true });
    assert.deepEqual(await page(first.id), { types: ['second'], complete: true });
    assert.deepEqual(await page('no offset'), { types: ['first', 'second'], complete: false });
  });
}

test('streams: a client has recovered also when every node was killed and started again', async (t) => {
  const cluster = await startCluster(t, { adapter: 'streams', redis, settings: SETTINGS });
  const { client, room } = await settled(t, cluster);
  const { id } = client;
  await client.leave();
  await publishNumbers(cluster.nodes, room, 1, 10);

  for (const index of cluster.nodes.keys()) await cluster.restart(index);
  await cluster.ready();
  await publishNumbers(cluster.nodes, room, 11, 20);
  client.proxy.target = cluster.nodes[1].port;

  assert.deepEqual(await client.comeBack(), { id, recovered: true });
  assert.deepEqual(await heardBy(client, cluster.nodes[0], room), numbered(0, 20));
});

test('pubsub: a client whose room no living node knows is new, and is told with relay:gap', async (t) => {
  const cluster = await startCluster(t, { adapter: 'pubsub', redis, settings: SETTINGS });
  const { token, pid, offset, room, sid } = await departed(cluster.nodes[0]);
  await cluster.nodes[0].kill();
  await cluster.nodes[1].publish(room, 'missed');
  await cluster.restart(1);
  await cluster.ready([cluster.nodes[1]]);

  const session = await resume(cluster.nodes[1], { token, pid, offset });

  assert.notEqual(session.socket.sid, sid);
  assert.deepEqual(await heardUpToNow(cluster.nodes[1], session, room), [['relay:gap', { after: offset }]]);
});
