// Order: when the 202 of A was sent before the request of B arrived, everybody who gets both sees A first. On eight
// workers, over several publishers, connections and rooms.

import assert from 'node:assert/strict';
import test from 'node:test';
import { MODES, StockClient } from './support/clients.mjs';
import { fresh } from './support/names.mjs';
import { RawConnection } from './support/raw_http.mjs';
import { startRelay } from './support/relay.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '8' });
const numbers = (count) => Array.from({ length: count }, (_, number) => number);

/** Clients of every mode that are in these rooms. */
function audience(count, ...rooms) {
  const modes = Object.keys(MODES);
  const [sessionId, ...further] = rooms;
  return Promise.all(
    numbers(count).map((number) =>
      StockClient.join(relay.url, { mode: modes[number % modes.length], token: mint({ sessionId, rooms: further }) }),
    ),
  );
}

test('1000 events, each published after the 202 of the one before, every one on another connection and to another room', async () => {
  const [left, right] = [fresh('left'), fresh('right')];
  const [onLeft, onRight, onBoth] = await Promise.all([
    audience(3, left),
    audience(3, right),
    audience(6, left, right),
  ]);
  const connections = await Promise.all(numbers(10).map(() => RawConnection.open(relay.port)));

  for (const number of numbers(1000)) {
    const room = number % 3 === 0 ? left : right;
    const answer = await relay.post({ room, type: 'step', payload: number }, { connection: connections[number % 10] });
    assert.deepEqual([answer.status, answer.json.recipients], [202, 9]);
  }
  await relay.post({ rooms: [left, right], type: 'sentinel' });

  const expectations = [
    [onLeft, numbers(1000).filter((number) => number % 3 === 0)],
    [onRight, numbers(1000).filter((number) => number % 3 !== 0)],
    [onBoth, numbers(1000)],
  ];
  for (const [clients, expected] of expectations) {
    for (const client of clients) {
      await client.event('sentinel', 30_000);
      assert.deepEqual(client.payloads('step'), expected, `in order, once each, over ${client.transport}`);
      client.close();
    }
  }
  connections.forEach((connection) => connection.close());
});

test('five publishers at once: all clients see one order, in which each publisher keeps its own', async () => {
  const room = fresh('room');
  const clients = await audience(9, room);

  await Promise.all(
    numbers(5).map(async (publisher) => {
      const connection = await RawConnection.open(relay.port);
      for (const number of numbers(200)) {
        await relay.publish(room, 'mixed', { publisher, number }, {}, { connection });
      }
      connection.close();
    }),
  );
  await relay.publish(room, 'sentinel');

  let order;
  for (const client of clients) {
    await client.event('sentinel', 30_000);
    const payloads = client.payloads('mixed');
    for (const publisher of numbers(5)) {
      const own = payloads.filter((payload) => payload.publisher === publisher).map(({ number }) => number);
      assert.deepEqual(own, numbers(200));
    }
    order ??= payloads;
    assert.deepEqual(payloads, order);
    client.close();
  }
});

test('a client that joins meanwhile sees a run without gaps, from some event on', async () => {
  const room = fresh('room');
  let publishing = true;
  let published = 0;
  const publisher = (async () => {
    while (publishing) await relay.publish(room, 'stream', published++);
    await relay.publish(room, 'sentinel');
  })();

  const clients = [];
  for (const wave of numbers(4)) {
    clients.push(...(await audience(6, room)));
    const reached = await clients.at(-1).event('stream');
    assert.ok(reached, `wave ${wave} hears the stream`);
  }
  publishing = false;
  await publisher;

  for (const client of clients) {
    await client.event('sentinel', 30_000);
    const seen = client.payloads('stream');
    assert.deepEqual(
      seen,
      numbers(published - seen[0]).map((number) => number + seen[0]),
    );
    client.close();
  }
});
