// All clients lose their connection at once, events go on, and all return together: the network of a site came back, or
// a relay was replaced.

import { setTimeout as sleep } from 'node:timers/promises';
import { startBench } from './support/bench.mjs';
import { COMMON_OPTIONS } from './support/options.mjs';
import { linePlot } from './support/plot.mjs';
import { CUT_KINDS } from './support/relay_client.mjs';
import { count, megabytes, milliseconds, roundedMs, seconds, share } from './support/report.mjs';
import { failuresOf } from './support/verdict.mjs';

const STEP_MS = 100;
const EVENTS_BEFORE = 5;
const LOOK_MS = 20;

export const name = 'storm';
export const about = 'all connections are cut at once, and all clients return within two seconds';
export const options = {
  clients: { value: 10_000, small: 500, about: 'clients' },
  missed: { value: 200, about: 'events published while everyone is away' },
  'away-ms': { value: 3000, small: 1000, about: 'how long everyone is away' },
  'within-ms': { value: 2000, small: 1000, about: 'the time within which all return' },
  'live-rate': { value: 10, about: 'events a second while they return' },
  rooms: { value: 1, about: 'rooms over which the clients are spread; each event names all of them (at most 100)' },
  'settle-ms': { value: 60_000, small: 5000, about: 'how long to wait at the end until everyone has everything' },
  cuts: { value: ['fin', 'rst'], of: CUT_KINDS, about: 'ways of cutting, at random' },
  ...COMMON_OPTIONS,
};

/** A silent cut leaves the old connection open, so there may be two for each client. */
export const connectionsNeeded = ({ clients, cuts }) => clients * (cuts.includes('silent') ? 2 : 1.05);

export async function run(options, progress) {
  const bench = await startBench(options, { clients: options.clients, rooms: options.rooms });
  try {
    return await storm(bench, options, progress);
  } finally {
    await bench.stop();
  }
}

async function storm({ relay, generators, publisher, samples }, options, progress) {
  progress(`${count(options.clients)} clients are connected`);
  await publishMany(publisher, EVENTS_BEFORE, 0);
  await settle(generators, publisher, options);
  await generators.all('cutAll', { kinds: options.cuts });
  progress(`all are cut; ${options.missed} events follow`);
  await publishMany(publisher, options.missed, options.awayMs);

  const target = publisher.published;
  const cpuBefore = relay.cpuSeconds();
  await samples.start(STEP_MS);
  await generators.all('returnAll', { withinMs: options.withinMs, target });
  const settled = await publishUntilComplete(generators, publisher, options);
  const cpuSeconds = relay.cpuSeconds() - cpuBefore;
  samples.stop();

  const report = await generators.report(publisher.published);
  const figures = figuresOf(report, publisher.published, options);
  Object.assign(figures, { relayCpuSeconds: cpuSeconds, ...relay.memory() });
  figures.relayRecoveries = await relay.metric('recoveries_total');
  return {
    figures,
    failures: failuresOf({ ...report, settled }),
    notes: [...report.faultTexts, ...relay.complaints],
    rows: rowsOf(figures, options),
    plot: plotOf(options, report.timeline, samples.rows),
  };
}

async function publishMany(publisher, many, withinMs) {
  const startedAt = performance.now();
  for (let index = 0; index < many; index++) {
    await sleep(startedAt + (index * withinMs) / many - performance.now());
    await publisher.publish();
  }
}

async function publishUntilComplete(generators, publisher, { clients, liveRate, settleMs }) {
  const deadline = performance.now() + settleMs;
  let isComplete = false;
  const publishing = (async () => {
    while (liveRate > 0 && !isComplete) {
      await publisher.publish();
      await sleep(1000 / liveRate);
    }
  })();
  while (!isComplete && performance.now() < deadline) {
    await sleep(LOOK_MS);
    isComplete = (await generators.counts()).complete === clients;
  }
  const wasComplete = isComplete;
  isComplete = true;
  await publishing;
  return (await settle(generators, publisher, { settleMs })) && wasComplete;
}

async function settle(generators, publisher, { settleMs }) {
  const answers = await generators.all('settle', { last: publisher.published, timeoutMs: settleMs });
  return answers.every(Boolean);
}

function figuresOf(report, published, { clients, missed }) {
  const expected = published * clients;
  const afterFirst = (at) => Number.isFinite(at) && (at - report.firstReturnAt) / 1e6;
  return {
    published,
    expected,
    delivered: expected - report.lost,
    lost: report.lost,
    doubled: report.doubled,
    reordered: report.reordered,
    reconnects: report.reconnects,
    recovered: report.recovered,
    gaps: report.gaps,
    closedByRelay: report.closedByRelay,
    stuck: report.stuck,
    faults: report.faults,
    replayed: missed * clients,
    lastRecoveredSeconds: afterFirst(report.lastRecoveredAt),
    lastCompleteSeconds: afterFirst(report.lastCompleteAt),
    liveMs: { p50: roundedMs(report.live.milliseconds(0.5)), p99: roundedMs(report.live.milliseconds(0.99)) },
    generatorsCpuSeconds: report.cpuSeconds,
  };
}

function rowsOf(figures, { withinMs }) {
  const { liveMs } = figures;
  const time = (value) => (value === false ? 'never' : seconds(value));
  return [
    ['events published', count(figures.published)],
    ['deliveries expected', count(figures.expected)],
    ['delivered', `${count(figures.delivered)} (${share(figures.delivered, figures.expected)})`],
    ['lost / doubled / out of order', `${figures.lost} / ${figures.doubled} / ${figures.reordered}`],
    ['reconnects, spread over', `${count(figures.reconnects)}, ${seconds(withinMs / 1000)}`],
    ['of these recovered', `${count(figures.recovered)} (${share(figures.recovered, figures.reconnects)})`],
    ['deliveries that were replayed', count(figures.replayed)],
    ['first reconnect to last recovered', time(figures.lastRecoveredSeconds)],
    ['first reconnect to last client complete', time(figures.lastCompleteSeconds)],
    ["relay's CPU meanwhile", seconds(figures.relayCpuSeconds)],
    ['publish to receipt, connected (p50 / p99)', `${milliseconds(liveMs.p50)} / ${milliseconds(liveMs.p99)}`],
    ['connections that the relay closed', count(figures.closedByRelay)],
    ["relay's memory (peak)", `${megabytes(figures.rssBytes)} (${megabytes(figures.rssPeakBytes)})`],
  ];
}

function plotOf({ clients, missed, withinMs }, timeline, samples) {
  const series = (value) => timeline.map((row, index) => [(index * STEP_MS) / 1000, value(row)]);
  const perSecond = 1000 / STEP_MS;
  return linePlot({
    title: `${count(clients)} clients return within ${withinMs / 1000} s`,
    subtitle: `each missed ${missed} events; one relay`,
    xLabel: 'seconds since they began to return',
    panels: [
      {
        title: 'clients',
        series: [
          { name: 'have all they missed', points: series((row) => row.complete) },
          { name: 'connected', points: series((row) => row.connected) },
        ],
      },
      {
        title: 'replayed deliveries per second',
        series: [{ name: 'replayed', points: series((row) => row.caughtUp * perSecond) }],
      },
      {
        title: "relay's CPU, % of one core",
        series: [{ name: 'CPU', points: samples.map(({ at, cpuShare }) => [at, cpuShare * 100]) }],
      },
    ],
  });
}
