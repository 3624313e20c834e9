// Many sockets in one room: one event reaches every one of them, once. MANY_SOCKETS sets how many.

import assert from 'node:assert/strict';
import test from 'node:test';
import { WebSocketSession } from './support/engine.mjs';
import { startRelay } from './support/relay.mjs';
import { mint } from './support/tokens.mjs';

const COUNT = Number(process.env.MANY_SOCKETS ?? 2000);
const AT_ONCE = 64;

test(`${COUNT} sockets`, { timeout: 60_000 + COUNT * 30 }, async (t) => {
  const relay = await startRelay(t, {
    LOG_LEVEL: 'warn',
    MAX_CONNECTIONS: String(COUNT + 10),
    PING_INTERVAL_MS: '60000',
    PING_TIMEOUT_MS: '60000',
  });
  const token = mint({ sessionId: 'crowd', exp: Math.floor(Date.now() / 1000) + 3600 });
  const sessions = [];
  // A port of the kernel's choice belongs to one local address, so the crowd comes from several.
  const join = async () => {
    while (sessions.length < COUNT) {
      const from = `127.0.0.${2 + (sessions.length % 4)}`;
      const place = sessions.push(null) - 1;
      sessions[place] = await WebSocketSession.join(relay.port, { token, from });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, join));

  for (let round = 0; round < 3; round++) {
    assert.equal((await relay.publish('crowd', 'to.all', round)).recipients, COUNT);
  }
  assert.equal((await relay.publish('crowd', 'sentinel')).recipients, COUNT);

  for (const session of sessions) {
    await session.packet('42["sentinel"', 60_000);
    const rounds = session.events('to.all').map((packet) => JSON.parse(packet.slice(2))[1].payload);
    assert.deepEqual(rounds, [0, 1, 2]);
  }

  const leaving = sessions.splice(0, Math.floor(COUNT / 2));
  leaving.forEach((session) => session.websocket.sendClose());
  await Promise.all(leaving.map((session) => session.packets.finished('the end', 60_000)));
  assert.equal((await relay.publish('crowd', 'to.the.rest')).recipients, COUNT - leaving.length);
  sessions.forEach((session) => session.drop());
});
