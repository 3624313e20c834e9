// What clients emit: relayed to the others of their session's room, or refused with a code, never both.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES, StockClient } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { mint, publisherToken } from './support/tokens.mjs';

const relay = await startRelay(test);
const listen = (room, changes) => StockClient.join(relay.url, { token: mint({ sessionId: room, ...changes }) });
const speak = (room, options) => StockClient.join(relay.url, { token: publisherToken(room), ...options });

/** The names that reached the client before a sentinel to its own socket. */
async function heard(client) {
  await relay.publish(client.id, 'sentinel');
  await client.event('sentinel');
  client.close();
  return client.events.items.map(({ name }) => name).filter((name) => name !== 'sentinel');
}

describe('a client event', () => {
  for (const mode of Object.keys(MODES)) {
    test(`goes to the others of the session's room, once, with from; ${mode}`, async () => {
      const [room, further] = [fresh('room'), fresh('room')];
      const sub = fresh('account');
      const sender = await speak(room, { mode, token: publisherToken(room, { sub, rooms: [further] }) });
      const sibling = await listen(room, { sub });
      const other = await listen(room);
      const inFurther = await listen(further);
      const elsewhere = await listen(fresh('room'));
      const before = Date.now();

      const ack = await sender.ask('client.moved', { x: 1, text: 'é😀' });

      assert.deepEqual(Object.keys(ack).sort(), ['id', 'ok']);
      assert.equal(ack.ok, true);
      assert.match(ack.id, /^[A-Za-z0-9._~-]{1,64}$/);
      const { issuedAt, ...envelope } = await other.envelope('client.moved');
      assert.deepEqual(envelope, { type: 'client.moved', payload: { x: 1, text: 'é😀' }, from: sub });
      assert.ok(Date.parse(issuedAt) >= before - 1000 && Date.parse(issuedAt) <= Date.now() + 1000);
      assert.deepEqual(await heard(sibling), ['client.moved']);
      for (const client of [sender, inFurther, elsewhere]) assert.deepEqual(await heard(client), []);
      assert.deepEqual(await heard(other), ['client.moved']);
    });
  }

  test('without an ack is relayed as well, in the order it was sent', async () => {
    const room = fresh('room');
    const [sender, other] = [await speak(room), await listen(room)];
    for (let number = 0; number < 200; number++) sender.socket.emit('client.count', number);
    await sender.ask('client.last', null);
    await other.event('client.last');
    assert.deepEqual(
      other.payloads('client.count'),
      Array.from({ length: 200 }, (_, number) => number),
    );
    sender.close();
    other.close();
  });

  test('its envelope on the wire is {type, payload, issuedAt, from}', async () => {
    const room = fresh('room');
    const [sender, other] = [
      await speak(room),
      await WebSocketSession.join(relay.port, { token: mint({ sessionId: room }) }),
    ];
    const { id } = await sender.ask('client.wire', [1]);
    const [, envelope, offset = id] = JSON.parse(await other.eventText('client.wire'));
    assert.deepEqual(Object.keys(envelope), ['type', 'payload', 'issuedAt', 'from']);
    assert.equal(offset, id);
    sender.close();
    other.drop();
  });
});

describe('refusals', () => {
  /** Emits by each attempt, expects the code, and that nothing reached the room. */
  async function refuses(code, attempts, { token = publisherToken } = {}) {
    const room = fresh('room');
    const sender = await StockClient.join(relay.url, { token: token(room) });
    const other = await listen(room);
    for (const [name, ...args] of attempts) {
      assert.deepEqual(await sender.ask(name, ...args), { ok: false, code }, `${name} ${JSON.stringify(args)}`);
      sender.socket.emit(name, ...args);
    }
    await relay.publish(sender.id, 'alive');
    await sender.event('alive');
    assert.deepEqual(await heard(other), []);
    sender.close();
  }

  test('forbidden without scope publish', () =>
    refuses(
      'forbidden',
      [
        ['client.x', 1],
        ['client.y', { a: 1 }],
      ],
      { token: (room) => mint({ sessionId: room }) },
    ));

  test('forbidden for a name outside CLIENT_EVENTS', () =>
    refuses('forbidden', [
      ['cursor', 1],
      ['clients.x', 1],
      ['Client.x', 1],
      ['client', 1],
      ['error', 1],
    ]));

  test('invalid_event unless there is exactly one argument', () =>
    refuses('invalid_event', [['client.x'], ['client.x', 1, 2], ['client.x', 1, 2, 3]]));

  test('invalid_event for a name against the rule of types', () =>
    refuses('invalid_event', [
      [`client.${'x'.repeat(122)}`, 1],
      ['client.\u0000', 1],
      ['client.a\nb', 1],
      ['client.\u0085', 1],
    ]));

  test('reserved_name for relay:', () =>
    refuses('reserved_name', [
      ['relay:closing', 1],
      ['relay:anything', 1],
      ['relay:', 1],
    ]));

  test('binary_unsupported for binary anywhere in it', () =>
    refuses('binary_unsupported', [
      ['client.x', Buffer.from([1, 2, 3])],
      ['client.x', { deep: [new Uint8Array([4]), Buffer.alloc(0)] }],
    ]));

  test('in the documented order: binary before reserved before forbidden before invalid', async () => {
    const room = fresh('room');
    const sender = await StockClient.join(relay.url, { token: mint({ sessionId: room }) });
    const code = async (...args) => (await sender.ask(...args)).code;
    assert.equal(await code('relay:x', Buffer.from([1]), 2), 'binary_unsupported');
    assert.equal(await code('relay:x', 1, 2), 'reserved_name');
    assert.equal(await code('client.x', 1, 2), 'forbidden');
    sender.close();
  });

  test("Socket.IO's own six names close the connection", async () => {
    for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener']) {
      const room = fresh('room');
      const session = await WebSocketSession.join(relay.port, { token: publisherToken(room) });
      session.send(`42["${name}",1]`);
      assert.deepEqual(await session.closeFrame(name), { code: null, reason: '' });
    }
  });

  test('are logged at info when nobody asked for an ack', async () => {
    const sender = await StockClient.join(relay.url, { token: mint() });
    sender.socket.emit('client.silent', 1);
    await relay.logs.first(
      ({ level, code, socketId }) => level === 'info' && code === 'forbidden' && socketId === sender.id,
      'a line about the refusal',
    );
    sender.close();
  });
});

describe('CLIENT_EVENTS', () => {
  const cases = [
    ['cursor,app.*', ['cursor', 'app.', 'app.x'], ['client.x', 'cursors', 'ap']],
    ['*', ['anything', 'client.x', '__proto__'], ['relay:x']],
    ['', [], ['client.x', 'x']],
  ];
  for (const [setting, allowed, refused] of cases) {
    test(`"${setting}"`, async (t) => {
      const tuned = await startRelay(t, { CLIENT_EVENTS: setting });
      const sender = await StockClient.join(tuned.url, { token: publisherToken('room') });
      const other = await StockClient.join(tuned.url, { token: mint({ sessionId: 'room' }) });
      for (const name of allowed) assert.equal((await sender.ask(name, 1)).ok, true, name);
      for (const name of refused) assert.equal((await sender.ask(name, 1)).ok, false, name);
      await tuned.publish('room', 'sentinel');
      await other.event('sentinel');
      assert.deepEqual(
        other.events.items.map(({ name }) => name),
        [...allowed, 'sentinel'],
      );
      sender.close();
      other.close();
    });
  }
});

describe('order on one connection', () => {
  test('events may follow CONNECT at once, in one payload', async () => {
    const room = fresh('room');
    const other = await listen(room);
    const { PollingSession } = await import('./support/engine.mjs');
    const session = await PollingSession.open(relay.port);
    const connect = `40${JSON.stringify({ token: publisherToken(room) })}`;

    await session.post([connect, '420["client.first",1]', '421["client.second",2]'].join('\x1e'));

    await other.event('client.second');
    const packets = await session.packets(3);
    assert.deepEqual(
      packets.map((packet) => packet.slice(0, 3)),
      ['40{', '430', '431'],
    );
    other.close();
  });

  test('ack ids are kept: 0, large ones and repeated ones', async () => {
    const session = await WebSocketSession.join(relay.port, { token: publisherToken(fresh('room')) });
    for (const id of ['0', '7', '123456789', '0']) session.send(`42${id}["client.x",1]`);
    const acks = await session.packets.atLeast(4, (packet) => packet.startsWith('43'));
    assert.deepEqual(
      acks.map((ack) => /^43(\d+)\[/.exec(ack)[1]),
      ['0', '7', '123456789', '0'],
    );
    session.drop();
  });
});
