import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ClusterLoad } from './cluster_load.mjs';
import { NodePeerProcess } from './node_peer_process.mjs';

/** Servers that know nothing of each other, with everyone connected. */
async function startApart(context, { nodes, ...load }) {
  const peers = await Promise.all(Array.from({ length: nodes }, () => NodePeerProcess.start({ adapter: 'none' })));
  context.after(() => Promise.all(peers.map((peer) => peer.stop())));
  const ports = peers.map((peer) => peer.port);
  const opened = await ClusterLoad.open({ ports, rooms: 6, publishers: 2, payloadBytes: 128, settleMs: 300, ...load });
  context.after(() => opened.close());
  return opened;
}

const verdict = ({ lost, doubled, reordered, faults }) => ({ lost, doubled, reordered, faults });
const clean = { lost: 0, doubled: 0, reordered: 0, faults: 0 };

test('what one server delivers is complete, at full speed and at a slow rate', async (context) => {
  const load = await startApart(context, { nodes: 1 });

  const fast = await load.saturate({ seconds: 0.2, window: 8, batch: 1 });
  const inBatches = await load.saturate({ seconds: 0.2, window: 8, batch: 4 });
  const slow = await load.trickle({ rate: 100, seconds: 0.2 });

  const report = load.report();
  assert.deepEqual(verdict(report), clean);
  assert.ok(fast.published > 8, `${fast.published}`);
  assert.ok(inBatches.published > 8 && inBatches.published % 4 === 0, `${inBatches.published}`);
  assert.deepEqual([slow.published, slow.same.count, slow.other.count], [20, 20, 0]);
  assert.equal(report.deliveries, fast.published + inBatches.published + slow.published);
});

test('what does not reach the other server is found to be lost, round by round', async (context) => {
  const load = await startApart(context, { nodes: 2 });

  const first = await load.saturate({ seconds: 0.1, window: 4, batch: 1 });
  const second = await load.saturate({ seconds: 0.1, window: 4, batch: 1 });

  // Each of the two publishers had as many under way as it may, and then waited.
  assert.deepEqual(
    [first, second].map(({ published, settled }) => [published >= 8, settled]),
    [
      [true, false],
      [true, false],
    ],
  );
  assert.deepEqual(verdict(load.report()), { ...clean, lost: first.published + second.published });
});
