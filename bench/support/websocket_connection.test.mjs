import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { WebSocketConnection } from './websocket_connection.mjs';

const HEAD = Buffer.from('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n');
const LENGTHS = [0, 1, 125, 126, 65_535, 65_536, 200_000];

function frameOf(text) {
  const payload = Buffer.from(text);
  return Buffer.concat([headOf(payload.length), payload]);
}

function headOf(length) {
  if (length < 126) return Buffer.of(0x81, length);
  const wide = length >= 65_536;
  const head = Buffer.alloc(wide ? 10 : 4);
  head[0] = 0x81;
  head[1] = wide ? 127 : 126;
  if (wide) head.writeBigUInt64BE(BigInt(length), 2);
  else head.writeUInt16BE(length, 2);
  return head;
}

/** Connects to a server that writes these pieces one by one; the texts that came, and why the connection ended. */
async function receive(t, pieces) {
  const server = net.createServer(async (socket) => {
    socket.setNoDelay(true);
    socket.on('error', () => {});
    await once(socket, 'data');
    for (const piece of pieces) {
      socket.write(piece);
      await nextTurn();
    }
    socket.end();
  });
  t.after(() => server.close());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const texts = [];
  const reason = await new Promise((resolve) => {
    new WebSocketConnection({
      port: server.address().port,
      localAddress: '127.0.0.1',
      target: '/',
      owner: {
        onText: (_, buffer, start, end) => texts.push(buffer.utf8Slice(start, end)),
        onClosed: (_, why) => resolve(why),
      },
    });
  });
  return { texts, reason };
}

test('messages of all lengths come whole when they come at once', async (t) => {
  const sent = LENGTHS.map((length) => 'm'.repeat(length));

  const { texts, reason } = await receive(t, [Buffer.concat([HEAD, ...sent.map(frameOf)])]);

  assert.deepEqual(
    texts.map((text) => text.length),
    LENGTHS,
  );
  assert.equal(reason, 'closed by the relay');
});

test('messages come whole when every byte comes by itself', async (t) => {
  const sent = ['', 'one', 'm'.repeat(200)];
  const bytes = Buffer.concat([HEAD, ...sent.map(frameOf)]);

  const { texts } = await receive(
    t,
    Array.from(bytes, (byte) => Buffer.of(byte)),
  );

  assert.deepEqual(texts, sent);
});

test('a refused upgrade and a strange frame end the connection', async (t) => {
  const refused = await receive(t, ['HTTP/1.1 503 Service Unavailable\r\n\r\n']);
  const strange = await receive(t, [HEAD, Buffer.of(0x82, 1, 1)]);

  assert.equal(refused.reason, 'upgrade refused: HTTP/1.1 503 Service Unavailable');
  assert.match(strange.reason, /unexpected frame/);
});
