// The short forms of the load tests, as part of the test suite: node --test bench/small.test.mjs

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as cluster from './cluster.mjs';
import * as drop from './drop.mjs';
import * as storm from './storm.mjs';
import { readOptions } from './support/options.mjs';

const CUTS_AT_LEAST = 200;

const runSmall = (scenario, ...args) => scenario.run(readOptions(['--small', ...args], scenario.options), () => {});

/** What a failed test shows: the figures as well. */
const asText = ({ figures, notes }) => JSON.stringify({ figures, notes }, null, 2);

test('clients that are cut again and again get every event once and in order', async () => {
  const result = await runSmall(drop);

  const { cuts, reconnects, expected, delivered } = result.figures;
  assert.deepEqual(result.failures, [], asText(result));
  assert.equal(delivered, expected);
  for (const [kind, count] of Object.entries(cuts)) assert.ok(count > 0, `no cut of kind ${kind}`);
  assert.ok(reconnects > CUTS_AT_LEAST, `${reconnects} reconnects`);
});

test('clients that are spread over several rooms do, too', async () => {
  const result = await runSmall(drop, '--rooms', '20', '--seconds', '3');

  assert.deepEqual(result.failures, [], asText(result));
});

test('clients that were all cut at once get what they missed, and then what is new', async () => {
  const result = await runSmall(storm);

  const { reconnects, replayed, lastCompleteSeconds } = result.figures;
  assert.deepEqual(result.failures, [], asText(result));
  assert.equal(reconnects, 500);
  assert.equal(replayed, 500 * 200);
  assert.ok(lastCompleteSeconds > 0, `${lastCompleteSeconds} s`);
});

test('a relay that keeps nothing is found out', async () => {
  const result = await runSmall(drop, '--seconds', '2', '--settle-ms', '500', '--setting', 'RECOVERY_WINDOW_S=0');

  assert.ok(result.figures.lost > 0, asText(result));
  assert.equal(result.figures.recovered, 0);
  assert.match(result.failures.join('; '), /deliveries were lost; .* reconnects were not recovered/);
});

test('what is published at one of two relays, or of two Node servers, comes once to the clients of both', async () => {
  const result = await runSmall(cluster);

  assert.deepEqual(result.failures, [], asText(result));
  for (const adapter of ['pubsub', 'streams']) {
    for (const kind of ['relay', 'node']) {
      const { published, deliveries, calm } = result.figures[adapter][kind];
      assert.ok(published > 200, `${adapter}, ${kind}: ${published} published`);
      assert.equal(deliveries, 2 * published);
      assert.ok(calm.otherMs.p50 > 0, `${calm.otherMs.p50} ms`);
    }
  }
  assert.equal(new Set(result.rows.map((row) => row.length)).size, 1);
  assert.match(result.plot, /<\/svg>/);
});
