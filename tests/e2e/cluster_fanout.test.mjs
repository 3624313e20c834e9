// Two relays on one Redis are one relay to everybody: whoever is meant gets an event once, on whatever node, with the
// same offset and exactly as it was sent.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { ADAPTERS, startCluster } from './support/cluster.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { API_KEY } from './support/settings.mjs';
import { mint, publisherToken } from './support/tokens.mjs';

const EXACT = {
  'numbers as they were written': '[1.0,1e2,-0,-0.0,0.10,12345678901234567890123,9007199254740993,1e400]',
  'keys that come twice, and their order': '{"zebra":1,"key":1,"key":{"key":3,"key":4},"alpha":2,"10":3,"2":4}',
  escapes: String.raw`"\u0041\u00e9\/\"\\\b\f\n\r\t\ud83d\ude00\ud800"`,
  'text in every width of UTF-8': '"é€😀\u2028\u007f"',
  'what looks like an attachment': '{"_placeholder":true,"num":0}',
  'the highest nesting': `${'['.repeat(62)}7${']'.repeat(62)}`,
};

for (const adapter of ADAPTERS) {
  const { nodes } = await startCluster(test, { adapter, settings: { WORKERS: '2' } });
  const [here, there] = nodes;
  const join = (node, room, claims) => StockClient.join(node.url, { token: mint({ sessionId: room, ...claims }) });

  /** [name, payload] of what each client has got before a sentinel to its own socket, published at the other node. */
  async function heardBy(...clients) {
    const heard = [];
    for (const client of clients) {
      await here.publish(client.id, 'sentinel');
      await client.event('sentinel');
      client.close();
      heard.push(client.events.all(({ name }) => name !== 'sentinel').map(({ name, args }) => [name, args[0].payload]));
    }
    return heard;
  }

  describe(`two nodes; ${adapter}`, () => {
    for (const [name, publisher, recipients] of [
      ['one', here, 2],
      ['the other', there, 1],
    ]) {
      test(`a publish at ${name} node reaches the room on both, with the id as offset; recipients are its own`, async () => {
        const room = fresh('room');
        const clients = [await join(here, room), await join(here, room), await join(there, room)];
        const elsewhere = await join(there, fresh('room'));

        const answer = await publisher.publish(room, 'told', { n: 1 });

        assert.equal(answer.recipients, recipients);
        assert.match(answer.id, /^[A-Za-z0-9._~-]{1,64}$/);
        for (const client of clients) {
          const { args } = await client.event('told');
          assert.deepEqual(args, [{ type: 'told', payload: { n: 1 }, issuedAt: answer.issuedAt }, answer.id]);
        }
        assert.deepEqual(await heardBy(...clients, elsewhere), [...Array(3).fill([['told', { n: 1 }]]), []]);
      });
    }

    test('who is in several of the rooms, or is the account as well, gets it once', async () => {
      const [first, second, account] = [fresh('room'), fresh('room'), fresh('account')];
      const clients = [
        await join(there, first, { rooms: [second] }),
        await join(there, second, { sub: account }),
        await join(there, fresh('room'), { sub: account }),
        await join(here, fresh('room'), { sub: account }),
      ];
      const answer = await here.post({ rooms: [first, second], account, type: 'told', payload: 1 });
      assert.equal(answer.json.recipients, 1);
      assert.deepEqual(await heardBy(...clients), Array(4).fill([['told', 1]]));
    });

    test('an account alone has its sockets on every node', async () => {
      const sub = fresh('account');
      const clients = [await join(here, fresh('room'), { sub }), await join(there, fresh('room'), { sub })];
      const other = await join(there, fresh('room'));
      await here.post({ account: sub, type: 'told', payload: 1 });
      assert.deepEqual(await heardBy(...clients, other), [[['told', 1]], [['told', 1]], []]);
    });

    test('who is excepted gets nothing, on whatever node', async () => {
      const room = fresh('room');
      const excepted = [await join(here, room), await join(there, room)];
      const others = [await join(here, room), await join(there, room)];
      const { recipients } = await here.publish(room, 'told', 1, { except: excepted.map(({ id }) => id) });
      assert.equal(recipients, 1);
      assert.deepEqual(await heardBy(...excepted, ...others), [[], [], [['told', 1]], [['told', 1]]]);
    });

    test('the room of one socket is reached from the other node, and nobody else is', async () => {
      const room = fresh('room');
      const [client, sibling] = [await join(there, room), await join(there, room)];
      const { recipients } = await here.publish(client.id, 'told', 1);
      assert.equal(recipients, 0);
      assert.deepEqual(await heardBy(client, sibling), [[['told', 1]], []]);
    });

    test('a volatile event comes as well, and is in no history of either node', async () => {
      const room = fresh('room');
      const clients = [await join(here, room), await join(there, room)];
      await here.publish(room, 'fleeting', 1, { delivery: 'volatile' });
      const { id } = await there.publish(room, 'lasting', 2);
      for (const client of clients) await client.event('lasting');
      for (const node of nodes) {
        const { json } = await node.get(`/rooms/${room}/events`, { headers: { 'X-Relay-Key': API_KEY } });
        assert.deepEqual(
          json.events.map(({ name, offset }) => [name, offset]),
          [['lasting', id]],
        );
      }
      const both = [
        ['fleeting', 1],
        ['lasting', 2],
      ];
      assert.deepEqual(await heardBy(...clients), [both, both]);
    });

    test('a client event reaches the others on both nodes, with its id, and not its sender', async () => {
      const [room, sub] = [fresh('room'), fresh('account')];
      const sender = await StockClient.join(here.url, { token: publisherToken(room, { sub }) });
      const others = [await join(here, room), await join(there, room, { sub })];

      const ack = await sender.ask('client.moved', { x: 1 });

      assert.equal(ack.ok, true, JSON.stringify(ack));
      for (const other of others) {
        const { args } = await other.event('client.moved');
        const { issuedAt, ...envelope } = args[0];
        assert.deepEqual(envelope, { type: 'client.moved', payload: { x: 1 }, from: sub });
        assert.ok(Number.isFinite(Date.parse(issuedAt)));
        assert.equal(args[1], ack.id);
      }
      const once = [['client.moved', { x: 1 }]];
      assert.deepEqual(await heardBy(sender, ...others), [[], once, once]);
    });

    test('500 publishes at alternating nodes come in their order, each after the 202 of the one before', async () => {
      const room = fresh('room');
      const clients = [await join(here, room), await join(there, room)];
      const ids = [];
      for (let number = 0; number < 500; number++) {
        ids.push((await nodes[number % 2].publish(room, 'number', number)).id);
      }
      for (const client of clients) {
        const events = await client.events.atLeast(500, ({ name }) => name === 'number', 'all numbers');
        assert.deepEqual(
          events.map(({ args }) => args[0].payload),
          Array.from({ length: 500 }, (_, number) => number),
        );
        assert.deepEqual(
          events.map(({ args }) => args[1]),
          ids,
        );
        client.close();
      }
    });

    test('publishes at once on both nodes come to everybody in one order', async () => {
      const room = fresh('room');
      const clients = [await join(here, room), await join(there, room), await join(there, room)];
      await Promise.all(Array.from({ length: 200 }, (_, number) => nodes[number % 2].publish(room, 'number', number)));
      const orders = [];
      for (const client of clients) {
        await client.events.atLeast(200, ({ name }) => name === 'number', 'all numbers');
        orders.push(client.payloads('number'));
        client.close();
      }
      assert.equal(new Set(orders[0]).size, 200);
      for (const order of orders) assert.deepEqual(order, orders[0]);
    });
  });

  describe(`a payload comes to the other node byte for byte; ${adapter}`, () => {
    for (const [name, payload] of Object.entries(EXACT)) {
      test(name, async () => {
        const [room, type] = [fresh('room'), fresh('exact')];
        const sessions = [];
        for (const node of nodes) {
          sessions.push(await WebSocketSession.join(node.port, { token: mint({ sessionId: room }) }));
        }
        const answer = await here.post(`{"room":"${room}","type":"${type}","payload":${payload}}`);
        assert.equal(answer.status, 202, answer.text);
        const { id, issuedAt } = answer.json;
        for (const session of sessions) {
          const expected = `["${type}",{"type":"${type}","payload":${payload},"issuedAt":"${issuedAt}"},"${id}"]`;
          assert.equal(await session.eventText(type), expected);
          session.drop();
        }
      });
    }
  });
}
