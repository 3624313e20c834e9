// Events at a steady rate to clients that all lose their connection again and again, as mobile ones do.

import { setTimeout as sleep } from 'node:timers/promises';
import { startBench } from './support/bench.mjs';
import { COMMON_OPTIONS } from './support/options.mjs';
import { linePlot } from './support/plot.mjs';
import { CUT_KINDS } from './support/relay_client.mjs';
import { count, megabytes, milliseconds, roundedMs, seconds, share } from './support/report.mjs';
import { failuresOf } from './support/verdict.mjs';

const STEP_MS = 1000;

export const name = 'drop';
export const about = 'every connection is cut again and again while events are published';
export const options = {
  clients: { value: 10_000, small: 500, about: 'clients' },
  seconds: { value: 120, small: 5, about: 'how long events are published and connections cut' },
  rate: { value: 2, small: 10, about: 'events a second, each to all clients' },
  rooms: { value: 1, about: 'rooms over which the clients are spread; each event names all of them (at most 100)' },
  'cut-every-ms': { value: 15_000, small: 2000, about: 'how long a connection lives, ±20 %' },
  'return-ms': { value: 1500, small: 500, about: 'a client returns after a random time up to this' },
  'settle-ms': { value: 30_000, small: 5000, about: 'how long to wait at the end until everyone has everything' },
  cuts: { value: CUT_KINDS, of: CUT_KINDS, about: 'ways of cutting, at random' },
  ...COMMON_OPTIONS,
};

/** One connection for each client, and those that a silent cut leaves behind until their client has returned. */
export const connectionsNeeded = ({ clients }) => clients * 1.2;

export async function run(options, progress) {
  const bench = await startBench(options, { clients: options.clients, rooms: options.rooms });
  try {
    return await drop(bench, options, progress);
  } finally {
    await bench.stop();
  }
}

async function drop({ relay, generators, publisher, samples }, options, progress) {
  progress(`${count(options.clients)} clients are connected`);
  const cpuBefore = relay.cpuSeconds();
  await samples.start(STEP_MS);
  await generators.all('startCutting', {
    everyMs: options.cutEveryMs,
    returnMs: options.returnMs,
    kinds: options.cuts,
  });
  const settled = await publishAndSettle(generators, publisher, options, progress);
  const elapsed = samples.elapsedSeconds();
  const cpuSeconds = relay.cpuSeconds() - cpuBefore;
  samples.stop();

  const report = await generators.report(publisher.published);
  const figures = figuresOf(report, publisher.published, options.clients);
  Object.assign(figures, { elapsedSeconds: elapsed, relayCpuSeconds: cpuSeconds, ...relay.memory() });
  figures.relayRecoveries = await relay.metric('recoveries_total');
  return {
    figures,
    failures: failuresOf({ ...report, settled }),
    notes: [...report.faultTexts, ...relay.complaints],
    rows: rowsOf(figures),
    plot: plotOf(options, report.timeline, samples.rows),
  };
}

async function publishAndSettle(generators, publisher, { rate, seconds, clients, settleMs }, progress) {
  const startedAt = performance.now();
  const total = Math.round(rate * seconds);
  for (let index = 0; index < total; index++) {
    await sleep(startedAt + (index * 1000) / rate - performance.now());
    await publisher.publish();
    if ((index + 1) % (rate * 10) === 0) {
      const { connected, reconnects, recovered } = await generators.counts();
      progress(
        `${(index + 1) / rate} s: ${count(connected)} of ${count(clients)} are connected, ` +
          `${count(recovered)} of ${count(reconnects)} reconnects were recovered`,
      );
    }
  }
  await generators.all('stopCutting');
  const answers = await generators.all('settle', { last: publisher.published, timeoutMs: settleMs });
  return answers.every(Boolean);
}

function figuresOf(report, published, clients) {
  const expected = published * clients;
  const all = (part) => ({ p50: roundedMs(part.milliseconds(0.5)), p99: roundedMs(part.milliseconds(0.99)) });
  return {
    published,
    expected,
    delivered: expected - report.lost,
    lost: report.lost,
    doubled: report.doubled,
    reordered: report.reordered,
    cuts: report.cuts,
    cutsEarly: report.cutsEarly,
    reconnects: report.reconnects,
    recovered: report.recovered,
    gaps: report.gaps,
    closedByRelay: report.closedByRelay,
    stuck: report.stuck,
    faults: report.faults,
    caughtUp: report.caughtUp.count,
    liveMs: all(report.live),
    caughtUpMs: all(report.caughtUp),
    generatorsCpuSeconds: report.cpuSeconds,
  };
}

function rowsOf(figures) {
  const { liveMs, caughtUpMs, cuts } = figures;
  return [
    ['events published', count(figures.published)],
    ['deliveries expected', count(figures.expected)],
    ['delivered', `${count(figures.delivered)} (${share(figures.delivered, figures.expected)})`],
    ['lost / doubled / out of order', `${figures.lost} / ${figures.doubled} / ${figures.reordered}`],
    ['connections cut (FIN / RST / silently)', `${count(cuts.fin)} / ${count(cuts.rst)} / ${count(cuts.silent)}`],
    ['of these before the CONNECT answer', count(figures.cutsEarly)],
    ['reconnects', count(figures.reconnects)],
    ['of these recovered', `${count(figures.recovered)} (${share(figures.recovered, figures.reconnects)})`],
    ['connections that the relay closed', count(figures.closedByRelay)],
    ['publish to receipt, connected (p50 / p99)', `${milliseconds(liveMs.p50)} / ${milliseconds(liveMs.p99)}`],
    ['deliveries after a return', count(figures.caughtUp)],
    ['publish to receipt of these (p50 / p99)', `${milliseconds(caughtUpMs.p50)} / ${milliseconds(caughtUpMs.p99)}`],
    ["relay's CPU", `${seconds(figures.relayCpuSeconds)} in ${seconds(figures.elapsedSeconds)}`],
    ["relay's memory (peak)", `${megabytes(figures.rssBytes)} (${megabytes(figures.rssPeakBytes)})`],
  ];
}

function plotOf({ clients, cutEveryMs, rate, seconds }, timeline, samples) {
  const wholeSeconds = timeline.slice(0, seconds);
  const series = (value) => wholeSeconds.map((row, index) => [index + 1, value(row)]).filter(([, y]) => y !== null);
  return linePlot({
    title: `${count(clients)} clients, every connection cut every ${cutEveryMs / 1000} s`,
    subtitle: `${rate} events a second to all of them, over one relay`,
    xLabel: 'seconds',
    panels: [
      { title: 'clients connected', series: [{ name: 'connected', points: series((row) => row.connected) }] },
      {
        title: 'deliveries per second',
        series: [
          { name: 'while connected', points: series((row) => row.live.count) },
          { name: 'after a return', points: series((row) => row.caughtUp) },
          { name: 'reconnects', points: series((row) => row.reconnects) },
        ],
      },
      {
        title: 'publish to receipt while connected, ms',
        series: [
          { name: 'p99', points: series((row) => row.live.milliseconds(0.99)) },
          { name: 'p50', points: series((row) => row.live.milliseconds(0.5)) },
        ],
      },
      {
        title: "relay's CPU, % of one core",
        series: [{ name: 'CPU', points: samples.map(({ at, cpuShare }) => [at, cpuShare * 100]) }],
      },
    ],
  });
}
