// Whatever is wrong with the pid or the offset of a CONNECT, the answer is an ordinary new socket and never an error.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { departed, heardUpToNow, resume } from './support/departed.mjs';
import { startRelay } from './support/relay.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '2' });
const another = await startRelay(test, { WORKERS: '2' });

describe('an ordinary new socket', () => {
  /** Comes back with these; expects a new sid and pid, nothing replayed, and relay:gap exactly when it is due. */
  async function isNew(known, auth, gap = [], token = known.token) {
    const session = await resume(relay, { ...auth, token });
    assert.ok(session.socket.sid !== known.sid && session.socket.pid !== known.pid, JSON.stringify(auth));
    assert.deepEqual(await heardUpToNow(relay, session, known.room), gap);
    if (gap.length > 0) assert.match(session.packets.items[1], /^42\["relay:gap",/);
  }

  const altered = (text, at) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

  test('is what a pid gets that is not ours, with relay:gap if it came with an offset', async () => {
    const known = await departed(relay);
    const { pid, offset } = known;
    const foreign = (await departed(another)).pid;
    const pids = [
      ...['garbage', pid.slice(0, -4), `${pid}AAAA`, pid + pid, 'x'.repeat(10_000), '\u0000😀', '__proto__', foreign],
      ...[0, 5, Math.floor(pid.length / 2)].map((at) => altered(pid, at)),
    ];
    for (const wrong of pids) {
      await isNew(known, { pid: wrong });
      await isNew(known, { pid: wrong, offset }, [['relay:gap', { after: offset }]]);
    }
  });

  test('is what an offset gets that is unknown, with relay:gap that says what was asked for', async () => {
    const known = await departed(relay);
    for (const offset of ['never-was', `${known.offset}x`, 'x'.repeat(1000), '"quoted" \\ \n é😀']) {
      await isNew(known, { pid: known.pid, offset }, [['relay:gap', { after: offset }]]);
    }
  });

  test("is what another account gets with the socket's pid", async () => {
    const known = await departed(relay);
    const token = mint({ sessionId: known.room });
    await isNew(known, { pid: known.pid }, [], token);
    await isNew(known, { pid: known.pid, offset: known.offset }, [['relay:gap', { after: known.offset }]], token);
  });

  test('is what a pid gets that is no text', async () => {
    const { token, sid } = await departed(relay);
    for (const pid of [null, 1, true, [], {}, '', ['x']]) {
      const session = await resume(relay, { pid, token });
      assert.notEqual(session.socket.sid, sid);
      session.drop();
    }
  });

  test('or the same one is what an offset gets that is no text: an error it is never', async () => {
    const { token, pid } = await departed(relay);
    for (const offset of [null, 1, true, [], {}, '', ['x']]) (await resume(relay, { pid, offset, token })).drop();
  });
});
