// A nonce is one nonce on all nodes: of the publishes that name it one fans out, whatever node each is sent to, for as
// long as Redis keeps its memory.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { ADAPTERS, becomesReady, publishUntilAccepted, startCluster } from './support/cluster.mjs';
import { fresh } from './support/names.mjs';
import { untilTime } from './support/record.mjs';
import { startRedis } from './support/redis_server.mjs';
import { mint } from './support/tokens.mjs';

const redis = await startRedis(test);

/** One client on each node, in one room. */
function joinBoth({ nodes }, room) {
  return Promise.all(nodes.map((node) => StockClient.join(node.url, { token: mint({ sessionId: room }) })));
}

/** The payloads of `once` that reached each client before a sentinel. */
async function received({ nodes }, clients, room) {
  await publishUntilAccepted(nodes[0], { room, type: 'sentinel' });
  const payloads = [];
  for (const client of clients) {
    await client.event('sentinel');
    client.close();
    payloads.push(client.payloads('once'));
  }
  return payloads;
}

for (const adapter of ADAPTERS) {
  const cluster = await startCluster(test, { adapter, redis, settings: { WORKERS: '2' } });
  const { nodes } = cluster;
  const [here, there] = nodes;

  describe(`nonces over two nodes; ${adapter}`, () => {
    test('a repeat at the other node is a duplicate, with the id and time of the first', async () => {
      const [room, nonce] = [fresh('room'), fresh('nonce-for-retries')];
      const clients = await joinBoth(cluster, room);
      const event = { room, type: 'once', payload: 1, nonce };

      const original = await here.post(event);
      assert.deepEqual([original.status, original.json.duplicate, original.json.recipients], [202, false, 1]);

      for (const node of [there, here, there]) {
        const repeat = await node.post(event);
        const { id, issuedAt } = original.json;
        assert.equal(repeat.status, 202, repeat.text);
        assert.deepEqual(repeat.json, { delivered: true, duplicate: true, id, issuedAt });
      }
      assert.deepEqual(await received(cluster, clients, room), [[1], [1]]);
    });

    test('another body at the other node is 409 nonce_conflict, and nothing fans out', async () => {
      const [room, nonce] = [fresh('room'), fresh('nonce-conflict')];
      const clients = await joinBoth(cluster, room);
      await here.publish(room, 'once', { a: 1 }, { nonce });

      for (const more of [{ payload: { a: 2 } }, { type: 'twice' }, { room: 'elsewhere' }, { account: 'somebody' }]) {
        const answer = await there.post({ room, type: 'once', payload: { a: 1 }, nonce, ...more });
        assert.deepEqual([answer.status, answer.json.code], [409, 'nonce_conflict'], JSON.stringify(more));
      }

      assert.deepEqual(await received(cluster, clients, room), [[{ a: 1 }], [{ a: 1 }]]);
    });

    test('of 50 at once over both nodes exactly one fans out, and all have its id', async () => {
      for (let round = 0; round < 3; round++) {
        const [room, nonce] = [fresh('room'), fresh('nonce-of-fifty')];
        const clients = await joinBoth(cluster, room);

        const asking = Array.from({ length: 50 }, (_, number) =>
          nodes[number % 2].post({ room, type: 'once', payload: round, nonce }),
        );
        const answers = await Promise.all(asking);

        for (const answer of answers) assert.equal(answer.status, 202, answer.text);
        assert.equal(answers.filter(({ json }) => json.duplicate === false).length, 1);
        assert.equal(new Set(answers.map(({ json }) => json.id)).size, 1);
        assert.deepEqual(await received(cluster, clients, room), [[round], [round]]);
      }
    });

    test('of two bodies at once over both nodes one wins, the other is 409', async () => {
      const [room, nonce] = [fresh('room'), fresh('nonce-of-two')];
      const clients = await joinBoth(cluster, room);

      const asking = Array.from({ length: 40 }, (_, number) =>
        nodes[number % 2].post({ room, type: 'once', payload: (number >> 1) % 2, nonce }),
      );
      const answers = await Promise.all(asking);

      const [[winner], atOther] = await received(cluster, clients, room);
      assert.deepEqual(atOther, [winner]);
      for (const [number, { status }] of answers.entries()) {
        assert.equal(status, (number >> 1) % 2 === winner ? 202 : 409);
      }
    });

    test('the events of a batch have nonces of their own, on both nodes', async () => {
      const room = fresh('room');
      const clients = await joinBoth(cluster, room);
      const batch = [1, 2, 3].map((payload) => ({ room, type: 'once', payload, nonce: fresh('nonce-in-batch') }));
      await here.post(batch.slice(0, 2));
      const answer = await there.post(batch);
      assert.deepEqual(
        answer.json.map(({ duplicate }) => duplicate),
        [true, true, false],
      );
      assert.deepEqual(await received(cluster, clients, room), [
        [1, 2, 3],
        [1, 2, 3],
      ]);
    });

    test('at NONCE_MAX, which all nodes share, a new one is 503 not_done, and none is forgotten', async (t) => {
      const small = await startCluster(t, { adapter, redis, settings: { NONCE_MAX: '20' } });
      const post = (number) =>
        small.nodes[number % 2].post({ room: 'r', type: 'once', nonce: `nonce-number-${number}` });
      for (let number = 0; number < 20; number++) assert.equal((await post(number)).status, 202);

      for (const number of [20, 21]) {
        const refused = await post(number);
        assert.deepEqual([refused.status, refused.json.code, refused.json.outcome], [503, 'unavailable', 'not_done']);
        assert.match(refused.headers['retry-after'], /^\d+$/);
      }

      for (let number = 0; number < 20; number++) assert.equal((await post(number)).json.duplicate, true);
      assert.equal((await small.nodes[0].post({ room: 'r', type: 'once' })).status, 202);
    });

    test('a nonce is forgotten after NONCE_TTL_S and not before', async (t) => {
      const forgetful = await startCluster(t, { adapter, redis, settings: { NONCE_TTL_S: '1' } });
      const post = (node) => node.post({ room: 'r', type: 'once', nonce: 'nonce-with-an-end' });
      const sent = Date.now();
      assert.equal((await post(forgetful.nodes[0])).json.duplicate, false);
      assert.equal((await post(forgetful.nodes[1])).json.duplicate, true);

      await untilTime(sent + 3200);

      assert.equal((await post(forgetful.nodes[1])).json.duplicate, false);
    });

    for (const appendonly of [false, true]) {
      const whose = appendonly ? 'keeps what it was told' : 'has forgotten everything';
      test(`after a crash of a Redis that ${whose}, a nonce is ${appendonly ? 'still known' : 'new'}`, async (t) => {
        const crashed = await startCluster(t, { adapter, redisOptions: { appendonly } });
        const event = { room: 'r', type: 'once', payload: 1, nonce: fresh('nonce-before-crash') };
        const original = await publishUntilAccepted(crashed.nodes[0], event);
        const lost = crashed.nodes.map((node) => node.logLine('redis lost'));

        await crashed.redis.restart();
        await Promise.all(lost);
        for (const node of crashed.nodes) await becomesReady(node);

        const repeat = await publishUntilAccepted(crashed.nodes[1], event);
        assert.equal(repeat.duplicate, appendonly);
        if (appendonly) assert.equal(repeat.id, original.id);
      });
    }
  });
}
