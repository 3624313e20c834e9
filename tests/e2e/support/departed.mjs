// Sockets that have left, and how they come back by hand.

import assert from 'node:assert/strict';
import { WebSocketSession } from './engine.mjs';
import { fresh } from './names.mjs';
import { mint } from './tokens.mjs';

/** A WebSocket session whose CONNECT has these members, the token among them. */
export async function resume(relay, auth) {
  const session = await WebSocketSession.open(relay.port);
  return session.connect(auth);
}

/** A socket that has got one event and has left; what it knows, and what it may come back with. */
export async function departed(relay, changes = {}) {
  const claims = { sessionId: fresh('room'), sub: fresh('account'), ...changes };
  const { sessionId: room, sub } = claims;
  const token = mint(claims);
  const session = await WebSocketSession.join(relay.port, { token });
  const { id: offset } = await relay.publish(room, 'seen');
  assert.equal(JSON.parse(await session.eventText('seen'))[2], offset);
  session.drop();
  await relay.logLine('client disconnected', ({ socketId }) => socketId === session.socket.sid);
  return { room, sub, token, offset, ...session.socket };
}

/** The events that a session has got, after one more that is live; the session is dropped. */
export async function heardUpToNow(relay, session, room) {
  const type = fresh('live');
  const { id, recipients } = await relay.publish(room, type);
  assert.equal(recipients, 1);
  await session.eventText(type);
  const { heard } = session;
  assert.deepEqual([heard.at(-1)[0], heard.at(-1)[2]], [type, id]);
  session.drop();
  return heard.slice(0, -1);
}

export const namesOf = (heard) => heard.map(([name]) => name);
