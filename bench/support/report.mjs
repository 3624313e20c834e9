// How results are shown: a table for people, and the page of the scenario in docs/perf-tests.

import { readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';

const FOLDER = new URL('../../docs/perf-tests/', import.meta.url);
const BEGIN = '<!-- figures: written by --record -->';
const END = '<!-- end of the figures -->';

export const count = (value) => Math.round(value).toLocaleString('en-US');
export const share = (part, whole) =>
  whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(part === whole ? 0 : 4)} %`;
export const seconds = (value) => `${value.toFixed(2)} s`;
export const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
export const milliseconds = (value) => (value === null ? 'none' : `${value.toFixed(value < 10 ? 2 : 0)} ms`);
export const roundedMs = (value) => value && Number(value.toPrecision(3));

export function machine() {
  const cpus = os.cpus();
  return {
    cpus: `${cpus.length} × ${cpus[0].model.trim()}`,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: `${os.type()} ${os.release()}`,
    node: process.version,
    nice: os.getPriority(),
  };
}

const tableRow = (texts) => `| ${texts.join(' | ')} |`.replaceAll('|  |', '| |');

/** `rows` are arrays of texts, as many in each. */
export function textTable(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Writes the figures and the plot of a run into the scenario's page; `head` are the titles of the columns. */
export function record(result, { head, rows, plot, caption }) {
  const { scenario, command, date, relay } = result;
  const { cpus, memoryGiB, kernel, node, nice, loadBefore } = result.machine;
  const page = new URL(`${scenario}.md`, FOLDER);
  const text = readFileSync(page, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`docs/perf-tests/${scenario}.md has no place for the figures`);
  const figures = [
    BEGIN,
    '',
    `\`${command}\``,
    '',
    `${date.slice(0, 10)}, ${relay}.`,
    `${cpus}, ${memoryGiB} GiB, ${kernel}, Node ${node}; the relay and the clients share the machine, whose`,
    `load average was ${loadBefore.toFixed(2)} before${nice === 0 ? '' : `; all ran at nice ${nice}`}.`,
    '',
    tableRow(head),
    tableRow(head.map(() => '---')),
    ...rows.map(tableRow),
    '',
    result.failures.length === 0 ? 'Nothing went wrong.' : `Went wrong: ${result.failures.join('; ')}.`,
    '',
    `![${caption}](${scenario}.svg)`,
    '',
    '',
  ].join('\n');
  writeFileSync(page, text.slice(0, begin) + figures + text.slice(end));
  writeFileSync(new URL(`${scenario}.svg`, FOLDER), plot);
}
