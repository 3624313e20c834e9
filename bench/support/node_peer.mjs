// A Node server that does what a relay does in the load test of a cluster: POST /events with an API key, rooms named by
// tokens, and one of the adapters of Socket.IO over Redis. NodePeerProcess starts it.

import { createHmac } from 'node:crypto';
import http from 'node:http';
import process from 'node:process';
import { createClient } from '@redis/client';
import { createAdapter as createPubsubAdapter } from '@socket.io/redis-adapter';
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter';
import { Server } from 'socket.io';
import { API_KEY, JWT_SIGNING_SECRET } from './tokens.mjs';

const ACCEPTED = '{"accepted":true}';
const { REDIS_URL, REDIS_ADAPTER } = process.env;

const adapters = {
  none: () => undefined,
  pubsub: async () => createPubsubAdapter(await connectToRedis(), await connectToRedis()),
  streams: async () => createStreamsAdapter(await connectToRedis()),
};

async function connectToRedis() {
  const client = createClient({ url: REDIS_URL });
  client.on('error', (error) => console.error(error.message));
  await client.connect();
  return client;
}

const server = http.createServer((request, response) => {
  if (request.method !== 'POST' || request.url !== '/events') return answer(response, 404, '{}');
  if (request.headers['x-relay-key'] !== API_KEY) return answer(response, 401, '{}');
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (piece) => (body += piece));
  request.on('end', () => {
    publish(JSON.parse(body));
    answer(response, 202, ACCEPTED);
  });
});
// Node's own is 5 s, after which the publishers' connections, idle between two measurements, would be closed.
server.keepAliveTimeout = 600_000;

const io = new Server(server, {
  serveClient: false,
  transports: ['websocket'],
  adapter: await adapters[REDIS_ADAPTER](),
  // What one takes the streams for: then, as a relay does, it gives each event an offset.
  ...(REDIS_ADAPTER === 'streams' && { connectionStateRecovery: {} }),
});

io.use((socket, next) => {
  try {
    socket.join(roomOf(socket.handshake.auth.token));
    next();
  } catch (error) {
    next(error);
  }
});

function publish(body) {
  const issuedAt = new Date().toISOString();
  for (const { rooms, type, payload } of Array.isArray(body) ? body : [body]) {
    io.to(rooms).emit(type, { type, payload, issuedAt });
  }
}

function answer(response, status, body) {
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

function roomOf(token) {
  const [head, body, signature] = token.split('.');
  const expected = createHmac('sha256', JWT_SIGNING_SECRET).update(`${head}.${body}`).digest('base64url');
  if (signature !== expected) throw new Error('bad signature');
  return JSON.parse(Buffer.from(body, 'base64url').toString()).sessionId;
}

process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group; the bench ends its servers itself.
process.on('SIGINT', () => {});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
