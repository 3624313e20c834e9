// Two relays over one Redis, beside two Node servers that do the same with Socket.IO's own adapters, in the same run.

import os from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClusterLoad } from './support/cluster_load.mjs';
import { ClusterServers, KINDS } from './support/cluster_servers.mjs';
import { notesOn, plotOf, rowsOf, HEAD } from './support/cluster_report.mjs';
import { UsageError } from './support/options.mjs';
import { idleSeconds } from './support/process_figures.mjs';
import { count, roundedMs } from './support/report.mjs';

const ADAPTERS = ['pubsub', 'streams'];
const COUNTED_IN = 10_000;
const REST_MS = 200;
const PER_CLUSTER = 10; // connections besides clients and publishers, in excess

export const name = 'cluster';
export const about = 'two relays over one Redis, beside two Node servers that do the same';
export const options = {
  adapters: { value: ADAPTERS, of: ADAPTERS, about: 'adapters, one after the other' },
  rooms: { value: 200, small: 20, about: 'rooms, each with one client at each server' },
  publishers: { value: 200, small: 8, about: 'connections that publish, half of them to each server' },
  rounds: { value: 7, small: 1, about: 'rounds of both at full speed' },
  seconds: { value: 3, small: 0.5, about: 'seconds of each round' },
  window: { value: 1, about: 'events that each publisher may have under way' },
  batch: { value: 1, about: 'events in one POST /events' },
  rate: { value: 200, about: 'events a second where times are measured' },
  'rate-seconds': { value: 15, small: 0.5, about: 'seconds of that' },
  'payload-bytes': { value: 128, about: 'bytes of each payload' },
  workers: { value: 1, about: 'WORKERS of each relay' },
  'settle-ms': { value: 30_000, small: 5000, about: 'how long to wait at the end of a round until all is delivered' },
};

export const connectionsNeeded = ({ rooms, publishers }) => KINDS.length * (2 * rooms + publishers + PER_CLUSTER);

export async function run(options, progress) {
  if (options.publishers > options.rooms || options.publishers % 2 === 1) {
    throw new UsageError('--publishers needs an even number that is at most the number of rooms');
  }
  if (options.batch > options.window) throw new UsageError('--window needs at least the number of --batch');
  const figures = { alone: await measureBoth('none', { ...options, rounds: 0 }, progress) };
  for (const adapter of options.adapters) figures[adapter] = await measureBoth(adapter, options, progress);
  const each = Object.entries(figures).flatMap(([mode, kinds]) => KINDS.map((kind) => [mode, kind, kinds[kind]]));
  return {
    figures,
    failures: each.flatMap(failuresOf),
    notes: [...each.flatMap(complaintsOf), ...notesOn(figures, options.adapters)],
    head: HEAD,
    rows: rowsOf(figures, options),
    plot: plotOf(figures, options),
    caption: 'Relays and Node servers',
  };
}

/** Both clusters are there all the time, each with a Redis of its own, but only one of them works. */
async function measureBoth(adapter, options, progress) {
  const benches = {};
  try {
    for (const kind of KINDS) benches[kind] = await startBench(kind, adapter, options);
    return await measureInTurn(benches, adapter, options, progress);
  } finally {
    for (const { servers, load } of Object.values(benches)) {
      load.close();
      await servers.stop();
    }
  }
}

async function startBench(kind, adapter, { rooms, publishers, payloadBytes, settleMs, workers, settings }) {
  const servers = await ClusterServers.start(kind, adapter, { workers, settings });
  try {
    const load = await ClusterLoad.open({ ports: servers.ports, rooms, publishers, payloadBytes, settleMs });
    return { servers, load };
  } catch (error) {
    await servers.stop();
    throw error;
  }
}

async function measureInTurn(benches, adapter, options, progress) {
  const rounds = { relay: [], node: [] };
  const figures = {};
  for (const kind of KINDS) await fullSpeed(benches[kind], options); // to warm up
  for (const kind of KINDS) {
    const calm = await calmTimes(benches[kind], options);
    figures[kind] = { calm };
    progress(`${adapter}, ${kind}: publish to receipt ${calm.sameMs.p50} ms at ${options.rate} events/s (p50)`);
  }
  for (let round = 0; round < options.rounds; round++) {
    // Each goes first as often as the other.
    for (const kind of round % 2 === 0 ? KINDS : KINDS.toReversed()) {
      const result = await fullSpeed(benches[kind], options);
      rounds[kind].push(result);
      progress(`${adapter}, round ${round + 1}, ${kind}: ${count(result.publishesPerSecond)} publishes/s`);
    }
  }
  for (const kind of KINDS) Object.assign(figures[kind], await summaryOf(benches[kind], adapter, rounds[kind]));
  return options.rounds > 0 ? { ...figures, ratios: ratiosOf(rounds), rounds } : figures;
}

async function fullSpeed({ servers, load }, { seconds, window, batch }) {
  await sleep(REST_MS); // what a server does after its last event is not in the next one's time
  const before = await takeStock(servers);
  const result = await load.saturate({ seconds, window, batch });
  const spent = difference(await takeStock(servers), before);
  const perCount = (value) => (value / result.published) * COUNTED_IN;
  const allOfOurs = spent.cpuSeconds + result.cpuSeconds + (spent.redis?.cpuSeconds ?? 0);
  return {
    publishesPerSecond: result.published / result.seconds,
    cpuSeconds: perCount(spent.cpuSeconds),
    serversBusy: spent.cpuSeconds / result.seconds,
    generatorBusy: result.cpuSeconds / result.seconds,
    idle: spent.idleSeconds / result.seconds,
    othersBusy: os.cpus().length - (spent.idleSeconds + allOfOurs) / result.seconds,
    ...(spent.redis && {
      redisCpuSeconds: perCount(spent.redis.cpuSeconds),
      redisBusy: spent.redis.cpuSeconds / result.seconds,
      redisBytesIn: spent.redis.bytesIn / result.published,
      redisBytesOut: spent.redis.bytesOut / result.published,
    }),
  };
}

async function calmTimes({ servers, load }, { rate, rateSeconds }) {
  await sleep(REST_MS);
  const before = await takeStock(servers);
  const { published, same, other } = await load.trickle({ rate, seconds: rateSeconds });
  const spent = difference(await takeStock(servers), before);
  return {
    sameMs: quantiles(same),
    otherMs: quantiles(other),
    cpuSeconds: (spent.cpuSeconds / published) * COUNTED_IN,
    ...(spent.redis && {
      redisBytesIn: spent.redis.bytesIn / published,
      redisBytesOut: spent.redis.bytesOut / published,
    }),
  };
}

async function takeStock(servers) {
  return { cpuSeconds: servers.cpuSeconds(), idleSeconds: idleSeconds(), redis: await servers.redisFigures() };
}

const difference = (after, before) =>
  Object.fromEntries(
    Object.entries(after).map(([name, value]) => [
      name,
      typeof value === 'number' ? value - before[name] : value && difference(value, before[name]),
    ]),
  );

const quantiles = (times) => ({ p50: roundedMs(times.milliseconds(0.5)), p99: roundedMs(times.milliseconds(0.99)) });

async function summaryOf({ servers, load }, adapter, rounds) {
  const names = Object.keys(rounds[0] ?? {});
  const medians = Object.fromEntries(names.map((name) => [name, median(rounds.map((round) => round[name]))]));
  return {
    ...medians,
    rssBytes: servers.rssBytes(),
    ...(adapter === 'streams' && { streamEntryBytes: await servers.streamEntryBytes() }),
    ...load.report(),
    complaints: servers.complaints,
  };
}

/** Medians of the ratios of each round, relay to Node. */
function ratiosOf({ relay, node }) {
  const ratio = (name) => median(relay.map((round, index) => round[name] / node[index][name]));
  return {
    publishesPerSecond: ratio('publishesPerSecond'),
    cpuSeconds: ratio('cpuSeconds'),
    redisCpuSeconds: ratio('redisCpuSeconds'),
  };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
}

function failuresOf([mode, kind, { lost, doubled, reordered, gaps, faults, faultTexts }]) {
  const failures = [];
  if (lost > 0) failures.push(`${lost} deliveries were lost`);
  if (doubled > 0) failures.push(`${doubled} deliveries were doubled`);
  if (reordered > 0) failures.push(`${reordered} deliveries were out of order`);
  if (gaps > 0) failures.push(`${gaps} clients were told of a gap`);
  if (faults > 0) failures.push(`${faults} faults: ${faultTexts.join('; ')}`);
  return failures.map((failure) => `${mode}, ${kind}: ${failure}`);
}

const complaintsOf = ([mode, kind, { complaints }]) => complaints.map((text) => `${mode}, ${kind}: ${text}`);
