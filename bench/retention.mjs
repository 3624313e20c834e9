// What it costs to keep events for those who come back: the same fan-out with RECOVERY_WINDOW_S=120 and 0, in turn.

import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { startBench } from './support/bench.mjs';
import { COMMON_OPTIONS } from './support/options.mjs';
import { barPlot } from './support/plot.mjs';
import { count, megabytes } from './support/report.mjs';
import { failuresOf } from './support/verdict.mjs';

const COST_AIM = 0.1;
const MODES = { kept: '120', off: '0' };

export const name = 'retention';
export const about = 'the speed of fan-out with and without retained events';
export const options = {
  clients: { value: 1000, small: 200, about: 'clients, all in one room, for each of the two relays' },
  rounds: { value: 20, small: 2, about: 'rounds of both' },
  seconds: { value: 2, small: 1, about: 'seconds of each round' },
  batch: { value: 8, about: 'events in one POST /events' },
  window: { value: 64, about: 'events that may be under way' },
  ...COMMON_OPTIONS,
  generators: { value: 1, about: 'processes that hold the clients of one relay: must be 1' },
};

export const connectionsNeeded = ({ clients }) => clients;

/** Both relays are there all the time, but only one of them works. */
export async function run(options, progress) {
  const pinning = canPin();
  const benches = {};
  try {
    for (const [mode, window] of Object.entries(MODES)) {
      benches[mode] = await startBench(options, {
        clients: options.clients,
        rooms: 1,
        // Clients that only count bytes answer no pings.
        settings: { RECOVERY_WINDOW_S: window, PING_INTERVAL_MS: '3600000' },
        relayCpu: pinning ? 0 : null,
      });
      if (pinning) benches[mode].generators.pids.forEach((pid) => pin(pid, 1));
    }
    return await retention(benches, { ...options, pinning }, progress);
  } finally {
    for (const bench of Object.values(benches)) await bench.stop();
  }
}

async function retention(benches, options, progress) {
  const rounds = { kept: [], off: [] };
  for (const mode of Object.keys(MODES)) {
    const { relay, generators, roomNames } = benches[mode];
    const { paddingBytes } = options;
    await generators.all('prepareSaturation', { port: relay.port, rooms: roomNames, paddingBytes });
    await measure(benches[mode], options); // to warm up
  }
  for (let round = 0; round < options.rounds; round++) {
    // Each goes first as often as the other.
    const order = round % 2 === 0 ? ['kept', 'off'] : ['off', 'kept'];
    for (const mode of order) {
      const result = await measure(benches[mode], options);
      rounds[mode].push(result);
      progress(
        `round ${round + 1}, RECOVERY_WINDOW_S=${MODES[mode]}: ${count(result.deliveriesPerSecond)} deliveries/s, ` +
          `${result.cpuMicroseconds.toFixed(3)} µs of CPU each`,
      );
    }
  }
  const figures = { pinned: options.pinning, rounds, kept: summary(rounds.kept), off: summary(rounds.off) };
  // Of each round by itself: what else the machine does changes more slowly.
  const ratio = (value) => median(rounds.kept.map((round, index) => value(round) / value(rounds.off[index])));
  figures.speedRatio = ratio((round) => round.deliveriesPerSecond);
  figures.cpuRatio = ratio((round) => round.cpuMicroseconds);
  figures.isWithinAim = figures.speedRatio >= 1 - COST_AIM && figures.cpuRatio <= 1 + COST_AIM;
  for (const mode of Object.keys(MODES)) Object.assign(figures[mode], benches[mode].relay.memory());

  const failures = [];
  for (const mode of Object.keys(MODES)) failures.push(...(await failuresIn(mode, benches[mode], rounds[mode])));
  return {
    figures,
    failures,
    notes: Object.values(benches).flatMap(({ relay }) => relay.complaints),
    rows: rowsOf(figures),
    plot: plotOf(options, rounds),
  };
}

async function measure({ relay, generators }, { seconds, batch, window }) {
  const cpuBefore = relay.cpuSeconds();
  const [result] = await generators.all('saturate', { seconds, batch, window });
  const cpu = relay.cpuSeconds() - cpuBefore;
  return {
    published: result.published,
    deliveriesPerSecond: result.deliveries / result.seconds,
    cpuMicroseconds: (cpu / result.deliveries) * 1e6,
    cpuShare: cpu / result.seconds,
  };
}

async function failuresIn(mode, { generators }, rounds) {
  const report = await generators.report(0);
  const [differing] = await generators.all('differing');
  const failures = failuresOf({ ...report, settled: true });
  if (differing > 0) failures.push(`${differing} clients had other bytes than the rest`);
  if (report.closedByRelay > 0) failures.push(`the relay closed ${report.closedByRelay} connections`);
  return failures.map((failure) => `RECOVERY_WINDOW_S=${MODES[mode]}, ${rounds.length} rounds: ${failure}`);
}

function summary(rounds) {
  return {
    deliveriesPerSecond: median(rounds.map((round) => round.deliveriesPerSecond)),
    cpuMicroseconds: median(rounds.map((round) => round.cpuMicroseconds)),
    cpuShare: median(rounds.map((round) => round.cpuShare)),
  };
}

function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2;
}

function rowsOf({ kept, off, speedRatio, cpuRatio, isWithinAim, pinned }) {
  const percent = (ratio) => `${ratio >= 1 ? '+' : '−'}${(Math.abs(ratio - 1) * 100).toFixed(1)} %`;
  const cpu = ({ cpuMicroseconds }) => `${cpuMicroseconds.toFixed(3)} µs`;
  const busy = ({ cpuShare }) => `${(cpuShare * 100).toFixed(0)} %`;
  return [
    ['deliveries per second, retained', count(kept.deliveriesPerSecond)],
    ['deliveries per second, off', count(off.deliveriesPerSecond)],
    ['difference in speed, median of the rounds', percent(speedRatio)],
    ["relay's CPU per delivery, retained", cpu(kept)],
    ["relay's CPU per delivery, off", cpu(off)],
    ['difference in CPU, median of the rounds', percent(cpuRatio)],
    ['at most 10 % cost', isWithinAim ? 'yes' : 'no'],
    ['how busy the relay was (retained / off)', `${busy(kept)} / ${busy(off)}`],
    ["relay's memory (retained / off)", `${megabytes(kept.rssBytes)} / ${megabytes(off.rssBytes)}`],
    ['relay and clients on a core of their own', pinned ? 'yes' : 'no'],
  ];
}

function plotOf({ clients, batch }, rounds) {
  const series = (value) => [
    { name: 'kept for 120 s', points: rounds.kept.map((round, index) => [index + 1, value(round)]) },
    { name: 'not kept', points: rounds.off.map((round, index) => [index + 1, value(round)]) },
  ];
  return barPlot({
    title: 'Fan-out with and without retained events',
    subtitle: `${count(clients)} clients in one room, batches of ${batch} events, one worker`,
    xLabel: 'round',
    panels: [
      { title: 'deliveries per second', series: series((round) => round.deliveriesPerSecond) },
      { title: "relay's CPU per delivery, µs", series: series((round) => round.cpuMicroseconds) },
    ],
  });
}

const canPin = () => os.cpus().length >= 2 && spawnSync('taskset', ['--version']).status === 0;
const pin = (pid, cpu) => spawnSync('taskset', ['-a', '-p', '-c', String(cpu), String(pid)]);
