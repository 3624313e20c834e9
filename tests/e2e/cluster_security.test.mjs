// Whoever can write to Redis but does not know the relays' secret reaches no socket: what is not signed, was changed, is
// repeated or does not fit is dropped, counted, and disturbs nobody.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { classicBroadcast, streamBroadcast, streamFields, withBitChanged } from './support/bus_messages.mjs';
import { StockClient } from './support/clients.mjs';
import { ADAPTERS, metric, startCluster } from './support/cluster.mjs';
import { fresh } from './support/names.mjs';
import { withSeed } from './support/random.mjs';
import { eventually } from './support/record.mjs';
import { startRedis } from './support/redis_server.mjs';
import { mint } from './support/tokens.mjs';

const redis = await startRedis(test);
const GIANT_BYTES = 5 * 1024 * 1024;

/** How a stranger writes to the bus, and what was written on it, by adapter. Messages are the arguments of the command. */
const STRANGERS = {
  pubsub: {
    send: (stranger, prefix, message) => stranger.command('PUBLISH', ...message),
    unsigned: (prefix, room) => classicBroadcast(prefix, room, ['forged', 1]),
    giant: (prefix, room) => classicBroadcast(prefix, room, ['forged', 'x'.repeat(GIANT_BYTES)]),
    garbled: (prefix, room, [, payload], random) => [
      ...['', '\xff', 'null', '{}', '\xc1', '\x93', '\xdd\xff\xff\xff\xff', '\x91'.repeat(5000)].map((text) => [
        `${prefix}#/#${room}#`,
        Buffer.from(text, 'latin1'),
      ]),
      ...[1, 5, 20].map((missing) => [`${prefix}#/#${room}#`, payload.subarray(0, payload.length - missing)]),
      ...Array.from({ length: 60 }, () => [
        `${prefix}#/#${room}#`,
        withBitChanged(payload, random.between(0, payload.length - 9), random.between(0, 7)),
      ]),
    ],
    elsewhere: (prefix, room, [, payload]) => [
      [`${prefix}#/#${room}#`, payload],
      [`${prefix}#/#`, payload],
    ],
    orders: (prefix) => [
      [`${prefix}-request#/#`, '{"type":4,"opts":{"rooms":[],"except":[]},"close":true}'],
      [`${prefix}-request#/#`, '{"uid":"NftZ2f","type":2,"opts":{"rooms":[],"except":[]},"rooms":["joined"]}'],
      [`${prefix}-request#/#`, '{'],
    ],
  },
  streams: {
    send: (stranger, prefix, message) => stranger.command('XADD', prefix, '*', ...message),
    unsigned: (_, room) => streamBroadcast(room, ['forged', 1]),
    giant: (_, room) => streamBroadcast(room, ['forged', 'x'.repeat(GIANT_BYTES)]),
    garbled: (_, room, message, random) => [
      ['foo', 'bar'],
      ['', ''],
      streamFields({ type: 99, data: '{}' }),
      streamFields({ type: 3, data: '{' }),
      streamFields({ type: 3, data: 'gqZw' }),
      streamFields({ type: 3, data: '['.repeat(100_000) }),
      message.slice(0, -4),
      ...Array.from({ length: 60 }, () => {
        // Of the values only what is signed: uid, nsp, type, data, and our own up to the signature.
        const at = random.pick([1, 3, 5, 7]);
        const value = message[at];
        const changed = withBitChanged(value, random.between(0, value.length - 1), random.between(0, 7));
        return message.map((field, index) => (index === at ? changed : field));
      }),
    ],
    elsewhere: (_, room, message, from) => [
      message.map((field) => Buffer.from(field.toString('utf8').replaceAll(from, room))),
    ],
    orders: () => [
      streamFields({ type: 6, data: '{"opts":{"rooms":[],"except":[],"flags":{}},"close":true}' }),
      streamFields({ type: 4, data: '{"opts":{"rooms":[],"except":[],"flags":{}},"rooms":["joined"]}' }),
    ],
  },
};

/** What `publish` puts on the bus, as its bytes: a message of STRANGERS. */
async function capture(adapter, prefix, publish) {
  const stranger = await redis.client();
  try {
    if (adapter === 'streams') {
      const before = await stranger.command('XINFO', 'STREAM', prefix).catch(() => []);
      const lastId = before[before.indexOf('last-generated-id') + 1] ?? '0-0';
      await publish();
      const entries = await stranger.bytes('XRANGE', prefix, `(${lastId}`, '+');
      return entries.map(([, fields]) => fields).find((fields) => Buffer.concat(fields).includes('"genuine"'));
    }
    await stranger.psubscribe(`${prefix}#*`);
    await publish();
    const { channel, payload } = await stranger.messages.first((message) => message.payload.includes('genuine'));
    return [channel, payload];
  } finally {
    stranger.close();
  }
}

for (const adapter of ADAPTERS) {
  const { send, ...messages } = STRANGERS[adapter];
  const { nodes, prefix } = await startCluster(test, { adapter, redis, settings: { WORKERS: '2' } });
  const stranger = await redis.client();
  test.after(() => stranger.close());

  /** A client of each node, in the room, that has got one genuine event; that event as it was on the bus. */
  async function witnesses(room) {
    const clients = [];
    for (const node of nodes) clients.push(await StockClient.join(node.url, { token: mint({ sessionId: room }) }));
    const message = await capture(adapter, prefix, () => nodes[0].publish(room, 'genuine', 1));
    for (const client of clients) await client.event('genuine');
    return { clients, message };
  }

  const rejected = (node, reason) => metric(node, 'bus_rejected_total', reason ? { reason } : {});

  /** Sends these; both nodes must count all of them as rejected, and their clients must get nothing and stay. */
  async function areDropped(room, clients, list, reason) {
    const before = await Promise.all(nodes.map((node) => rejected(node, reason)));
    for (const message of list) await send(stranger, prefix, message);
    for (const [index, node] of nodes.entries()) {
      const all = async () => (await rejected(node, reason)) >= before[index] + list.length;
      await eventually(all, `${list.length} more in bus_rejected_total{reason="${reason ?? 'any'}"}`);
    }
    await areUndisturbed(room, clients);
  }

  async function areUndisturbed(room, clients) {
    for (const node of nodes) await node.publish(room, 'sentinel');
    for (const client of clients) {
      await client.events.atLeast(2, ({ name }) => name === 'sentinel', 'sentinels');
      const others = client.events.all(({ name }) => !['genuine', 'sentinel'].includes(name));
      assert.deepEqual(others, []);
      assert.equal(client.payloads('genuine').length, 1);
      assert.deepEqual(client.disconnects.items, []);
      client.close();
    }
  }

  describe(`a stranger's messages in Redis; ${adapter}`, () => {
    test('unsigned ones are dropped', async () => {
      const room = fresh('room');
      const { clients } = await witnesses(room);
      await areDropped(room, clients, Array(5).fill(messages.unsigned(prefix, room)), 'unsigned');
    });

    test('garbled ones are dropped, whatever is wrong with them', () =>
      withSeed(async (random) => {
        const room = fresh('room');
        const { clients, message } = await witnesses(room);
        await areDropped(room, clients, messages.garbled(prefix, room, message, random));
      }));

    test('giant ones are dropped', async () => {
      const room = fresh('room');
      const { clients } = await witnesses(room);
      await areDropped(room, clients, [messages.giant(prefix, room)]);
    });

    test('captured ones are dropped when they are sent again', async () => {
      const room = fresh('room');
      const { clients, message } = await witnesses(room);
      await areDropped(room, clients, [message, message, message], 'replayed');
    });

    test('captured ones are dropped when they are sent to another room', async () => {
      const [from, room] = [fresh('room'), fresh('room')];
      const { message } = await witnesses(from);
      const { clients } = await witnesses(room);
      const argument = adapter === 'streams' ? from : undefined;
      await areDropped(room, clients, messages.elsewhere(prefix, room, message, argument), 'bad_mac');
    });

    test('captured ones are dropped by another cluster with the same secret', async (t) => {
      const other = await startCluster(t, { adapter, redis, nodes: 1 });
      const room = fresh('room');
      const { message } = await witnesses(room);
      const [node] = other.nodes;
      const client = await StockClient.join(node.url, { token: mint({ sessionId: room }) });
      const copy = adapter === 'streams' ? message : [message[0].replace(prefix, other.prefix), message[1]];
      await send(stranger, other.prefix, copy);
      await eventually(async () => (await rejected(node, 'bad_mac')) === 1, 'the copy is rejected');
      await node.publish(room, 'sentinel');
      await client.event('sentinel');
      assert.equal(client.events.items.length, 1);
      client.close();
    });

    test('orders to disconnect everybody, or to join rooms, move nobody', async () => {
      const room = fresh('room');
      const { clients } = await witnesses(room);
      for (const message of messages.orders(prefix)) await send(stranger, prefix, message);
      const { recipients } = await nodes[0].publish('joined', 'forged');
      assert.equal(recipients, 0);
      await areUndisturbed(room, clients);
    });
  });

  test(`with REDIS_PEERS=mixed an unsigned message of a Node server is delivered; ${adapter}`, async (t) => {
    const mixed = await startCluster(t, { adapter, redis, settings: { REDIS_PEERS: 'mixed' } });
    const room = fresh('room');
    const clients = await Promise.all(
      mixed.nodes.map((node) => StockClient.join(node.url, { token: mint({ sessionId: room }) })),
    );
    const data = ['hello', 1, { from: 'Node' }];
    const message = adapter === 'streams' ? streamBroadcast(room, data) : classicBroadcast(mixed.prefix, room, data);

    await send(stranger, mixed.prefix, message);

    for (const client of clients) {
      const { args } = await client.event('hello');
      assert.deepEqual(args.slice(0, 2), [1, { from: 'Node' }]);
      assert.match(args[2], /^[A-Za-z0-9._~-]{1,64}$/, 'an offset, as with every event');
      client.close();
    }
    // The relays' own events go on between them.
    const client = await StockClient.join(mixed.nodes[1].url, { token: mint({ sessionId: room }) });
    await mixed.nodes[0].publish(room, 'told', 1);
    assert.equal((await client.envelope('told')).payload, 1);
    client.close();
  });
}
