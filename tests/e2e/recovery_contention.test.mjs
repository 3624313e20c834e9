// Many that recover at once: many sockets, and many connections that want to be the same one. And how that is counted.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { WebSocketSession } from './support/engine.mjs';
import { parseMetrics } from './support/metrics_text.mjs';
import { fresh } from './support/names.mjs';
import { eventually } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '4' });
const upTo = (count) => Array.from({ length: count }, (_, index) => index + 1);

describe('many at once', () => {
  test('200 clients of one room that are cut together all recover, each with all of it', async () => {
    const room = fresh('room');
    const tokens = upTo(200).map(() => mint({ sessionId: room }));
    const sessions = await Promise.all(tokens.map((token) => WebSocketSession.join(relay.port, { token })));
    sessions.forEach((session) => session.drop());
    for (const number of upTo(100)) await relay.publish(room, 'missed', { number });

    const again = await Promise.all(
      sessions.map(async ({ socket: { pid } }, index) => {
        const session = await WebSocketSession.open(relay.port);
        return session.connect({ token: tokens[index], pid });
      }),
    );

    for (const [index, session] of again.entries()) {
      await session.packets.atLeast(100, (packet) => packet.startsWith('42["missed"'));
      assert.equal(session.socket.sid, sessions[index].socket.sid);
      assert.deepEqual(
        session.heard.map(([, { payload }]) => payload.number),
        upTo(100),
      );
      session.drop();
    }
  });
});

describe('one socket', () => {
  for (const workers of [1, 8]) {
    test(`that many connections recover at once is held by one of them in the end; WORKERS=${workers}`, async (t) => {
      const busy = await startRelay(t, { WORKERS: String(workers) });
      for (let round = 0; round < 20; round++) {
        const room = fresh('room');
        const token = mint({ sessionId: room });
        const first = await WebSocketSession.join(busy.port, { token });
        const { sid, pid } = first.socket;
        const contenders = await Promise.all(upTo(20).map(() => WebSocketSession.open(busy.port)));

        // One that is overtaken before its CONNECT was answered ends without an answer.
        await Promise.allSettled(contenders.map((session) => session.connect({ token, pid })));

        await first.packets.finished('the end of the connection that was replaced');
        const isAlive = (session) => !session.packets.ended;
        await eventually(
          () => contenders.filter(isAlive).length === 1,
          () => `one of ${contenders.filter(isAlive).length} connections with one socket id lives`,
          { deadlineMs: 2000 },
        );
        const [holder] = contenders.filter(isAlive);
        assert.equal(holder.socket.sid, sid);
        assert.equal((await busy.publish(room, 'live')).recipients, 1);
        await holder.eventText('live');
        assert.equal((await busy.publish(sid, 'to.it.alone')).recipients, 1);
        await holder.eventText('to.it.alone');
        holder.drop();
      }
    });
  }
});

test('socket_relay_recoveries_total counts by outcome: one that recovered, one that did not', async () => {
  const outcomes = async () => {
    const family = parseMetrics((await relay.get('/metrics')).text).get('socket_relay_recoveries_total');
    return new Map(family.samples.map(({ labels, value }) => [labels.outcome, value]));
  };
  /** The outcome that is counted for a CONNECT with these members. */
  const outcomeOf = async (auth) => {
    const before = await outcomes();
    const session = await WebSocketSession.open(relay.port);
    await session.connect(auth);
    session.drop();
    const moved = await eventually(async () => {
      const now = await outcomes();
      const names = [...now.keys()].filter((name) => now.get(name) !== (before.get(name) ?? 0));
      return names.length > 0 && names.map((name) => [name, now.get(name) - (before.get(name) ?? 0)]);
    }, 'a counter of recoveries moves');
    assert.deepEqual(moved, [[moved[0][0], 1]]);
    assert.match(moved[0][0], /^[a-z][a-z_]*$/);
    return moved[0][0];
  };
  const token = mint();
  const first = await WebSocketSession.join(relay.port, { token });
  first.drop();

  const good = await outcomeOf({ token, pid: first.socket.pid });
  const bad = await outcomeOf({ token, pid: 'garbage' });

  assert.notEqual(good, bad);
});
