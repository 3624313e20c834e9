// The two programs that speak Engine.IO, behind one face: the bare echo server and the relay. What is tested of the
// transport is tested of both.

import assert from 'node:assert/strict';
import { startEchoServer } from './echo_server.mjs';
import { PollingSession, WebSocketSession } from './engine.mjs';
import { startRelay } from './relay.mjs';
import { mint, publisherToken } from './tokens.mjs';
import { fresh } from './names.mjs';

/**
 * Each target opens sessions that are ready to talk: `message(n)` is a packet that is answered by one that
 * `isReply(n, packet)` knows. `witness(session)` gives a function that tells whether message n was handled, also when
 * the session ended before its reply: the echo server shows that by what the session got, the relay to others.
 * With one worker what is sent first arrives first, also on two connections.
 */
export async function startEngineTargets(scope, { relay: settings = {}, echo: flags = {} } = {}) {
  const echo = await startEchoServer(scope, flags);
  const relay = await startRelay(scope, { WORKERS: '1', ...settings });
  return [echoTarget(echo), relayTarget(relay)];
}

function echoTarget({ port }) {
  const path = '/engine.io/';
  return {
    name: 'echo server',
    port,
    path,
    isRelay: false,
    message: (number) => `4m${number}`,
    isReply: (number, packet) => packet === `4m${number}`,
    witness: () => (number, packets) => assert.ok(packets.includes(`4m${number}`), packets.join()),
    openPolling: () => PollingSession.open(port, { path }),
    openWebSocket: () => WebSocketSession.open(port, { path }),
  };
}

function relayTarget({ port }) {
  const join = async (kind) => {
    const room = fresh('room');
    return Object.assign(await kind.join(port, { token: publisherToken(room) }), { room });
  };
  return {
    name: 'relay',
    port,
    path: '/socket.io/',
    isRelay: true,
    message: (number) => `42${number}["client.m",${number}]`,
    isReply: (number, packet) => typeof packet === 'string' && packet.startsWith(`43${number}[{"ok":true`),
    witness: async ({ room }) => {
      const listener = await WebSocketSession.join(port, { token: mint({ sessionId: room }) });
      return async (number) => {
        const envelope = JSON.parse(await listener.eventText('client.m'))[1];
        assert.equal(envelope.payload, number);
        listener.drop();
      };
    },
    openPolling: () => join(PollingSession),
    openWebSocket: async () => {
      const session = await join(WebSocketSession);
      session.packets.items.length = 0;
      return session;
    },
  };
}
