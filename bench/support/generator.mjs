// A generator process: holds clients and does what the bench asks for. See generators.mjs for the other side.

import process from 'node:process';
import { Fleet } from './fleet.mjs';
import { Saturation } from './saturate.mjs';

const fleet = new Fleet();
let saturation = null;

const methods = {
  open: (options) => fleet.open(options),
  startTimeline: (options) => fleet.startTimeline(options),
  startCutting: (options) => fleet.startCutting(options),
  stopCutting: () => fleet.stopCutting(),
  cutAll: (options) => fleet.cutAll(options),
  returnAll: (options) => fleet.returnAll(options),
  settle: (options) => fleet.settle(options),
  prepareSaturation: (options) => {
    saturation = new Saturation(fleet, options);
  },
  saturate: (options) => saturation.round(options),
  differing: () => saturation.differing(),
  counts: () => fleet.counts,
  report: (options) => ({ ...fleet.report(options), cpuSeconds: cpuSeconds() }),
};

process.on('message', async ({ id, method, options }) => {
  try {
    process.send({ id, result: (await methods[method](options)) ?? null });
  } catch (error) {
    process.send({ id, error: error.stack });
  }
});
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group; the bench ends its generators itself.
process.on('SIGINT', () => {});

function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
