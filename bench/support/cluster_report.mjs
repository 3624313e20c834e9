// The figures of the cluster's load test as a table and a plot.

import { barPlot } from './plot.mjs';
import { count, megabytes, milliseconds } from './report.mjs';

const BUSY = 0.9;

export const HEAD = ['', 'relays', 'Node', 'relay / Node'];

export function rowsOf(figures, { adapters, rate }) {
  return [...aloneRows(figures.alone, rate), ...adapters.flatMap((adapter) => rowsFor(adapter, figures, rate))];
}

/** What whoever reads the speeds must know. */
export function notesOn(figures, adapters) {
  return adapters.flatMap((adapter) =>
    ['relay', 'node'].flatMap((kind) => {
      const { generatorBusy, othersBusy, idle } = figures[adapter][kind];
      const notes = [];
      if (generatorBusy > BUSY) notes.push('the clients were busy all the time, so the speed is theirs');
      if (idle < 1 - BUSY) notes.push('all processors were busy, so the speed depends on the clients as well');
      if (othersBusy > 1 - BUSY) notes.push(`something else used ${percent(othersBusy)} of a processor`);
      return notes.map((note) => `${adapter}, ${kind}: ${note}`);
    }),
  );
}

export function plotOf(figures, { adapters, rooms, publishers, payloadBytes, rate }) {
  const panel = (title, ratioOf, valueOf) => ({
    title,
    series: ['relay', 'node'].map((kind) => ({
      name: kind === 'relay' ? 'relays' : 'Node',
      points: adapters.map((adapter) => [`${adapter}: ${ratioOf(adapter)}`, valueOf(figures[adapter][kind])]),
    })),
  });
  const ofRounds = (name) => (adapter) => times(figures[adapter].ratios[name]);
  const ofMedians = (valueOf) => (adapter) => times(valueOf(figures[adapter].relay) / valueOf(figures[adapter].node));
  const both = (title, valueOf) => panel(title, ofMedians(valueOf), valueOf);
  return barPlot({
    title: 'Two relays and two Node servers over one Redis',
    subtitle: `${count(rooms)} rooms with a client at each server, ${publishers} publishers, ${payloadBytes} bytes`,
    xLabel: 'adapter: relays / Node',
    panels: [
      panel(
        'publishes per second, delivered by both servers',
        ofRounds('publishesPerSecond'),
        (one) => one.publishesPerSecond,
      ),
      panel('CPU seconds of both servers per 10,000', ofRounds('cpuSeconds'), (one) => one.cpuSeconds),
      panel("Redis' CPU seconds per 10,000", ofRounds('redisCpuSeconds'), (one) => one.redisCpuSeconds),
      both(`publish to receipt at the other server, p50 at ${rate}/s, ms`, ({ calm }) => calm.otherMs.p50),
      both(`the same, p99, ms`, ({ calm }) => calm.otherMs.p99),
      both('bytes into and out of Redis per event', (one) => one.redisBytesIn + one.redisBytesOut),
    ],
  });
}

function aloneRows({ relay, node }, rate) {
  const title = `one server without Redis, ${rate}/s: publish to receipt (p50 / p99)`;
  return [
    [title, pair(relay.calm.sameMs), pair(node.calm.sameMs), times(relay.calm.sameMs.p50 / node.calm.sameMs.p50)],
  ];
}

function rowsFor(adapter, figures, rate) {
  const { relay, node, ratios } = figures[adapter];
  const both = (title, valueOf, show, ratio = valueOf(relay) / valueOf(node)) => [
    `${adapter}: ${title}`,
    show(valueOf(relay)),
    show(valueOf(node)),
    times(ratio),
  ];
  const plain = (title, textOf) => [`${adapter}: ${title}`, textOf(relay, 'relay'), textOf(node, 'node'), ''];
  const added = (kind, place) => figures[adapter][kind].calm[place].p50 - figures.alone[kind].calm.sameMs.p50;
  const bytes = (one) => `${count(one.redisBytesIn)} / ${count(one.redisBytesOut)}`;
  return [
    both('publishes per second', (one) => one.publishesPerSecond, count, ratios.publishesPerSecond),
    both('CPU of both servers per 10,000', (one) => one.cpuSeconds, precise, ratios.cpuSeconds),
    both("Redis' CPU per 10,000", (one) => one.redisCpuSeconds, precise, ratios.redisCpuSeconds),
    plain('bytes into / out of Redis per event', (one) => bytes(one)),
    plain(`the same at ${rate}/s`, ({ calm }) => bytes(calm)),
    ...(adapter === 'streams' ? [both('memory of Redis per entry', (one) => one.streamEntryBytes, inBytes)] : []),
    plain(`publish to receipt at ${rate}/s, same server`, ({ calm }) => pair(calm.sameMs)),
    plain('... other server', ({ calm }) => pair(calm.otherMs)),
    plain('... p50 more than without Redis, same / other', (_, kind) =>
      ['sameMs', 'otherMs'].map((place) => milliseconds(added(kind, place))).join(' / '),
    ),
    both(`CPU of both servers per 10,000 at ${rate}/s`, ({ calm }) => calm.cpuSeconds, precise),
    plain('busy: servers / Redis / clients, idle', busy),
    both('memory of both servers', (one) => one.rssBytes, megabytes),
    plain('deliveries', (one) => count(one.deliveries)),
    plain('lost / doubled / out of order', (one) => `${one.lost} / ${one.doubled} / ${one.reordered}`),
  ];
}

const busy = ({ serversBusy, redisBusy, generatorBusy, idle }) =>
  `${[serversBusy, redisBusy, generatorBusy].map(percent).join(' / ')}, ${percent(idle)}`;

const times = (ratio) => (Number.isFinite(ratio) ? `× ${ratio.toPrecision(3)}` : '');
const pair = ({ p50, p99 }) => `${milliseconds(p50)} / ${milliseconds(p99)}`;
const precise = (value) => `${value.toFixed(3)} s`;
const inBytes = (value) => `${count(value)} bytes`;
const percent = (share) => `${(share * 100).toFixed(0)} %`;
