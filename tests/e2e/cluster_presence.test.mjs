// Who is in a room is known over the cluster, also of nodes that have died without a word.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { ADAPTERS, startCluster } from './support/cluster.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { eventually } from './support/record.mjs';
import { startRedis } from './support/redis_server.mjs';
import { roam } from './support/roaming.mjs';
import { API_KEY } from './support/settings.mjs';
import { mint } from './support/tokens.mjs';

const GRACE_S = 1;
// How long the accounts of a node that has died may still be seen.
const LEASE_MS = 12_000;
const redis = await startRedis(test);

const join = (node, room, sub) => StockClient.join(node.url, { token: mint({ sessionId: room, ...(sub && { sub }) }) });

async function presence(node, room) {
  const response = await node.get(`/rooms/${room}/presence`, { headers: { 'X-Relay-Key': API_KEY } });
  assert.equal(response.status, 200, response.text);
  const { accounts, count } = response.json;
  assert.equal(count, accounts.length);
  return Object.fromEntries(accounts.map(({ account, sockets }) => [account, sockets]));
}

/** What one node knows the others may learn a moment later. */
const becomes = (nodes, room, expected, deadlineMs) =>
  eventually(
    async () => {
      const views = await Promise.all(nodes.map((node) => presence(node, room)));
      return views.every((view) => sorted(view) === sorted(expected));
    },
    () => `all nodes see ${sorted(expected)} in the room`,
    { deadlineMs },
  );

const sorted = (view) => JSON.stringify(Object.entries(view).sort());

for (const adapter of ADAPTERS) {
  const settings = { WORKERS: '2', PRESENCE_EVENTS: 'true', PRESENCE_GRACE_S: String(GRACE_S) };
  const { nodes } = await startCluster(test, { adapter, redis, settings });
  const [here, there] = nodes;

  /** [name, account] of what a raw session was told of the account so far. */
  const told = (session, account) =>
    session.heard.filter(([name, { account: who }]) => /^relay:(joined|left)$/.test(name) && who === account);

  describe(`presence over two nodes; ${adapter}`, { concurrency: true }, () => {
    test('counts accounts and their sockets on all nodes, at whatever node it is asked', async () => {
      const [room, ann, bob] = [fresh('room'), fresh('ann'), fresh('bob')];
      const ofAnn = [await join(here, room, ann), await join(here, room, ann), await join(there, room, ann)];
      const ofBob = await join(there, room, bob);
      await becomes(nodes, room, { [ann]: 3, [bob]: 1 });

      ofAnn[0].close();
      ofBob.close();
      await becomes(nodes, room, { [ann]: 2 });

      ofAnn[1].close();
      ofAnn[2].close();
      await becomes(nodes, room, {});
    });

    test('relay:joined and relay:left come once, to members on both nodes', async () => {
      const [room, account] = [fresh('room'), fresh('account')];
      const sessions = [];
      for (const node of nodes) {
        sessions.push(await WebSocketSession.join(node.port, { token: mint({ sessionId: room }) }));
      }
      const clients = [await join(here, room, account), await join(there, room, account)];
      for (const session of sessions) await session.packet(`42["relay:joined",{"account":"${account}"}]`);

      clients[0].close();
      // The stay of another account outlasts the grace of the one that is still there on the other node.
      const passerBy = fresh('passer-by');
      (await join(there, room, passerBy)).close();
      for (const session of sessions) {
        await session.packet(`42["relay:left",{"account":"${passerBy}"}]`);
        assert.deepEqual(told(session, account), [['relay:joined', { account }]]);
      }

      clients[1].close();
      for (const session of sessions) {
        await session.packet(`42["relay:left",{"account":"${account}"}]`);
        assert.deepEqual(told(session, account), [
          ['relay:joined', { account }],
          ['relay:left', { account }],
        ]);
        session.drop();
      }
    });

    test('who moves to the other node within the grace has neither left nor joined', async (t) => {
      const [room, account] = [fresh('room'), fresh('account')];
      const session = await WebSocketSession.join(here.port, { token: mint({ sessionId: room }) });
      const client = await roam(t, here, { token: mint({ sessionId: room, sub: account }) });
      await session.packet(`42["relay:joined",{"account":"${account}"}]`);

      await client.leave();
      client.proxy.target = there.port;
      await client.comeBack();

      const passerBy = fresh('passer-by');
      (await join(here, room, passerBy)).close();
      await session.packet(`42["relay:left",{"account":"${passerBy}"}]`);
      assert.deepEqual(told(session, account), [['relay:joined', { account }]]);
      session.drop();
    });

    test('the accounts of a node that is killed are gone after a while, and their leaving is told once', async (t) => {
      const cluster = await startCluster(t, { adapter, redis, settings });
      const [survivor, victim] = cluster.nodes;
      const [room, lost, kept] = [fresh('room'), fresh('lost'), fresh('kept')];
      const session = await WebSocketSession.join(survivor.port, { token: mint({ sessionId: room, sub: kept }) });
      const clients = [await join(victim, room, lost), await join(victim, room, kept)];
      await becomes(cluster.nodes, room, { [lost]: 1, [kept]: 2 });

      await victim.kill();

      await becomes([survivor], room, { [kept]: 1 }, LEASE_MS + 3000);
      await session.packet(`42["relay:left",{"account":"${lost}"}]`);
      assert.equal(told(session, lost).filter(([name]) => name === 'relay:left').length, 1);
      assert.deepEqual(
        told(session, kept).filter(([name]) => name === 'relay:left'),
        [],
      );
      session.drop();
      for (const client of clients) client.close();
    });
  });
}
