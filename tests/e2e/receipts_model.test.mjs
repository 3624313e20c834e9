// A receipt is never false: clients behind networks that break at random moments have handled whatever the relay says
// they have. RELAY_RECEIPT_CUTS says how many accidents there are in all.

import assert from 'node:assert/strict';
import test from 'node:test';
import { MODES, StockClient } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { calm, disturb } from './support/mischief.mjs';
import { fresh } from './support/names.mjs';
import { withSeed } from './support/random.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { mint } from './support/tokens.mjs';

const CUTS = Number(process.env.RELAY_RECEIPT_CUTS ?? 150);
const WORKER_COUNTS = [1, 4];
const CLIENTS = 9;
const QUICK = { timeout: 1000, reconnectionDelay: 1, reconnectionDelayMax: 20 };

/** Who has handled the event with this number by now. */
const handlersOf = (clients, number) => clients.filter((client) => client.handled.has(number));

/**
 * One publish that waits. Those who were recipients and are not missing must have it by the time of the answer; whoever
 * was away is no recipient and may have it or not.
 */
async function publishAndJudge(relay, room, clients, number, timeout) {
  const query = `?wait=delivered&timeout=${timeout}`;
  const { recipients, confirmed, missing } = await relay.publish(room, 'receipt', number, {}, { query });
  const handlers = handlersOf(clients, number);
  const missed = new Set(missing.map(({ account }) => account));
  const unaccounted = clients.filter((client) => !missed.has(client.sub) && !client.handled.has(number));
  const story = JSON.stringify({ number, recipients, confirmed, missing, handled: handlers.map(({ sub }) => sub) });
  assert.equal(confirmed + missing.length, recipients, story);
  assert.ok(confirmed <= handlers.length, `more are confirmed than have it: ${story}`);
  assert.ok(unaccounted.length <= clients.length - recipients, `one that is not missing does not have it: ${story}`);
  return confirmed;
}

async function play(scope, relay, random, cuts) {
  const room = fresh('room');
  const clients = [];
  for (let index = 0; index < CLIENTS; index++) {
    const [mode, sub] = [Object.keys(MODES)[index % 3], fresh('account')];
    const client = await roam(scope, relay, { mode, token: mint({ sessionId: room, sub }), ...QUICK });
    clients.push(Object.assign(client, { sub, handled: new Set() }));
    client.socket.on('receipt', ({ payload }) => client.handled.add(payload));
  }
  let isOver = false;
  let number = 0;
  let confirmed = 0;
  const publish = async () => {
    const timeout = random.pick([50, 200, 500, 1000]);
    confirmed += await publishAndJudge(relay, room, clients, number++, timeout);
  };
  const publishers = Array.from({ length: 4 }, async () => {
    while (!isOver) await publish();
  });

  const trouble = clients.map(({ proxy }) =>
    disturb(proxy, random.fork(), Math.ceil(cuts / CLIENTS), { mostBytes: 5000, restMs: 300 }),
  );
  await Promise.all([Promise.all(trouble).finally(() => (isOver = true)), ...publishers]);

  for (const { proxy } of clients) calm(proxy);
  await relay.publish(room, 'sentinel');
  for (const client of clients) await client.event('sentinel', 30_000);
  await publish();
  assert.ok(confirmed > number, `${confirmed} confirmations of ${number} publishes to ${CLIENTS} clients`);
}

for (const workers of WORKER_COUNTS) {
  const cuts = Math.ceil(CUTS / WORKER_COUNTS.length);
  test(`${cuts} accidents: nobody is confirmed who has not handled the event; WORKERS=${workers}`, (t) =>
    withSeed(async (random) => {
      const relay = await startRelay(t, { WORKERS: String(workers), PING_INTERVAL_MS: '400', PING_TIMEOUT_MS: '400' });
      await play(t, relay, random, cuts);
    }));
}

test('many waits do not disturb the heartbeat: clients stay, and pings of the interval still come', async (t) => {
  const relay = await startRelay(t, { WORKERS: '2', PING_INTERVAL_MS: '400', PING_TIMEOUT_MS: '300' });
  const room = fresh('room');
  const clients = await Promise.all(
    Object.keys(MODES).map((mode) => StockClient.join(relay.url, { mode, token: mint({ sessionId: room }) })),
  );
  const session = await WebSocketSession.join(relay.port, { token: mint({ sessionId: room }) });
  const wait = { query: '?wait=delivered&timeout=2000' };
  const until = Date.now() + 2500;
  const publishers = Array.from({ length: 8 }, async () => {
    while (Date.now() < until) {
      const { confirmed } = await relay.publish(room, 'receipt', {}, {}, wait);
      assert.equal(confirmed, clients.length + 1);
    }
  });

  await Promise.all(publishers);
  const pings = session.pings.items.length;
  await session.pings.atLeast(pings + 3, () => true, 'pings of the interval');

  for (const client of clients) {
    assert.deepEqual(client.disconnects.items, []);
    client.close();
  }
  session.drop();
});
