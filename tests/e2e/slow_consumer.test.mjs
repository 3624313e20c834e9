// A client that does not read is cut off when its backlog is full. Nobody else waits for it, and nobody else misses anything.

import assert from 'node:assert/strict';
import test from 'node:test';
import { StockClient } from './support/clients.mjs';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { MAX_BACKLOG_BYTES: '200000', WORKERS: '2' });
const filler = 'x'.repeat(100_000);

/**
 * Publishes until this socket is no recipient any more; the number of events, and its line in the log. The others of
 * the room get each event before the next is published, so nobody but that socket has a backlog.
 */
async function publishUntilGone(room, socketId, others) {
  let published = 0;
  // The kernel's buffers of both ends take several megabytes before anything counts as backlog.
  for (;;) {
    assert.ok(published < 1000, 'the client is cut off within 100 MB');
    const { recipients } = await relay.publish(room, 'flood', { number: published++, filler });
    for (const reader of others) await reader.events.atLeast(published, ({ name }) => name === 'flood', 'the flood');
    if (recipients === others.length) break;
    assert.equal(recipients, others.length + 1);
  }
  const line = await relay.logLine('client disconnected', (candidate) => candidate.socketId === socketId);
  return { published, line };
}

async function slowConsumers() {
  const { text } = await relay.get('/metrics');
  return Number(/^socket_relay_slow_consumers_total(?:\{[^}]*\})? (\S+)$/m.exec(text)?.[1] ?? 0);
}

test('over WebSocket: cut off, while the others get everything in order', async () => {
  const room = fresh('room');
  const before = await slowConsumers();
  const readers = await Promise.all(
    ['websocket', 'polling', 'default'].map((mode) =>
      StockClient.join(relay.url, { mode, token: mint({ sessionId: room }) }),
    ),
  );
  const slow = await WebSocketSession.join(relay.port, { token: mint({ sessionId: room }) });
  slow.websocket.connection.socket.pause();

  const { published, line } = await publishUntilGone(room, slow.socket.sid, readers);
  await relay.publish(room, 'sentinel');

  assert.match(line.reason, /^slow[ _]consumer$/);
  for (const reader of readers) {
    await reader.event('sentinel', 30_000);
    const numbers = reader.payloads('flood').map(({ number }) => number);
    assert.deepEqual(
      numbers,
      Array.from({ length: published }, (_, number) => number),
    );
    assert.deepEqual(reader.disconnects.items, []);
    reader.close();
  }
  assert.equal(await slowConsumers(), before + 1);
  slow.websocket.connection.socket.resume();
  await slow.packets.finished('the end of the slow connection');
});

test('over polling: a client that never polls is cut off at MAX_BACKLOG_BYTES', async () => {
  const room = fresh('room');
  const session = await PollingSession.join(relay.port, { token: mint({ sessionId: room }) });

  const { published, line } = await publishUntilGone(room, session.socket.sid, []);

  assert.match(line.reason, /^slow[ _]consumer$/);
  assert.ok(published >= 2 && published <= 5, `gone after ${published} events of 100 kB, at 200 kB`);
});

test('volatile events are not piled up for a client with a backlog', async () => {
  const room = fresh('room');
  const session = await PollingSession.join(relay.port, { token: mint({ sessionId: room }) });
  await relay.publish(room, 'kept', filler);

  for (let number = 0; number < 20; number++) await relay.publish(room, 'vapour', filler, { delivery: 'volatile' });
  await relay.publish(room, 'sentinel');

  const packets = await session.packets(2);
  assert.deepEqual(
    packets.map((packet) => JSON.parse(packet.slice(2))[0]),
    ['kept', 'sentinel'],
  );
});

test('a client that reads slowly but steadily stays', async () => {
  const room = fresh('room');
  const session = await PollingSession.join(relay.port, { token: mint({ sessionId: room }) });

  for (let number = 0; number < 30; number++) {
    await relay.publish(room, 'steady', { number, filler });
    const [packet] = await session.packets(1);
    assert.equal(JSON.parse(packet.slice(2))[1].payload.number, number);
  }
});
