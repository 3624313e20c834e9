// How relays enter Redis: with a password, as a user, through TLS. What REDIS_URL holds of that stays secret.

import assert from 'node:assert/strict';
import test from 'node:test';
import { StockClient } from './support/clients.mjs';
import { ADAPTERS, readiness, startCluster } from './support/cluster.mjs';
import { fresh, marker } from './support/names.mjs';
import { eventually } from './support/record.mjs';
import { startRedis } from './support/redis_server.mjs';
import { startRelay } from './support/relay.mjs';
import { mint } from './support/tokens.mjs';

const password = `${marker('password')}@:/ %`;
const usersPassword = marker('secret');
const users = [`relay on >${usersPassword} ~* &* +@all`];

/** An event goes from one node to the other, and no line that they wrote holds a password. */
async function works({ nodes }) {
  const room = fresh('room');
  const client = await StockClient.join(nodes[1].url, { token: mint({ sessionId: room }) });
  await nodes[0].publish(room, 'told', 1);
  assert.equal((await client.envelope('told')).payload, 1);
  client.close();
  nodes.forEach(keepsSecrets);
}

function keepsSecrets(node) {
  for (const secret of [password, encodeURIComponent(password), usersPassword]) {
    assert.ok(!node.stdout.includes(secret) && !node.stderr.includes(secret), 'a password in the log');
  }
}

for (const adapter of ADAPTERS) {
  test(`with a password; ${adapter}`, async (t) => {
    await works(await startCluster(t, { adapter, redisOptions: { password } }));
  });

  test(`as a user; ${adapter}`, async (t) => {
    const redis = await startRedis(t, { password, users });
    const REDIS_URL = redis.urlFor({ user: 'relay', password: usersPassword });
    await works(await startCluster(t, { adapter, redis, settings: { REDIS_URL } }));
  });

  test(`through TLS; ${adapter}`, async (t) => {
    const redis = await startRedis(t, { password, tls: true });
    await works(await startCluster(t, { adapter, redis, settings: { SSL_CERT_FILE: redis.certificate } }));
  });
}

/** A relay that Redis does not let in, or that does not trust it: it serves, is not ready, and says why. */
async function staysOut(scope, settings) {
  const node = await startRelay(scope, settings);
  await node.logs.first(
    ({ level, msg }) => ['warn', 'error'].includes(level) && /redis/i.test(msg),
    'a line about Redis',
  );
  assert.deepEqual(await readiness(node), [503, 'redis_unavailable']);
  const answer = await node.post({ room: 'r', type: 'refused' });
  assert.deepEqual([answer.status, answer.json.outcome], [503, 'not_done']);
  assert.equal((await node.get('/healthz')).status, 200);
  keepsSecrets(node);
}

test('with a wrong password a relay is not ready', async (t) => {
  const redis = await startRedis(t, { password: 'another' });
  await staysOut(t, { REDIS_URL: redis.urlFor({ password }), REDIS_TIMEOUT_MS: '500' });
});

test('with a certificate that it does not trust a relay is not ready', async (t) => {
  const redis = await startRedis(t, { password, tls: true });
  await staysOut(t, { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '500' });
});

test('a relay that starts before Redis is ready as soon as Redis is there', async (t) => {
  const redis = await startRedis(t);
  await redis.kill();
  const node = await startRelay(t, { REDIS_URL: redis.url, REDIS_TIMEOUT_MS: '500' });
  assert.deepEqual(await readiness(node), [503, 'redis_unavailable']);
  await redis.restart();
  await eventually(async () => (await readiness(node))[0] === 200, 'ready', { deadlineMs: 20_000 });
});
