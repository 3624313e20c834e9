// The long load tests: node bench/run.mjs SCENARIO [options]; see docs/perf-tests/README.md.

import os from 'node:os';
import process from 'node:process';
import * as cluster from './cluster.mjs';
import * as drop from './drop.mjs';
import * as retention from './retention.mjs';
import * as storm from './storm.mjs';
import { checkFileLimit } from './support/file_limit.mjs';
import { describeOptions, readOptions, UsageError } from './support/options.mjs';
import { relayVersion } from './support/relay_process.mjs';
import { machine, record, textTable } from './support/report.mjs';

const LOAD_MAX = 0.7;

const scenarios = [drop, storm, retention, cluster];

const help = () => `Usage: node bench/run.mjs SCENARIO [options]

The result goes to stdout as JSON, a table and what happens meanwhile to stderr. Exit status 1 when something was lost,
doubled, out of order or not recovered. The relay is build/release/socket-relay, or what RELAY_BIN names.

  --small            a short form, for tests
  --record           writes the figures and the plot into docs/perf-tests/SCENARIO.md and .svg
  --setting N=V      a setting of the relay; may come several times

${scenarios.map(({ name, about, options }) => `${name}: ${about}\n${describeOptions(options)}`).join('\n\n')}
`;

async function main([name, ...args]) {
  if (name === undefined || ['help', '-h', '--help'].includes(name) || args.includes('--help')) {
    process.stdout.write(help());
    return name === undefined ? 2 : 0;
  }
  const scenario = scenarios.find((one) => one.name === name);
  if (!scenario) throw new UsageError(`no scenario "${name}": ${scenarios.map((one) => one.name).join(', ')}`);
  const options = readOptions(args, scenario.options);
  checkFileLimit(scenario.connectionsNeeded(options));
  const [load] = os.loadavg();
  if (load > LOAD_MAX) {
    console.error(`the load average is ${load.toFixed(1)}: times will say more of it than of the relay`);
  }

  const outcome = await scenario.run(options, (text) => console.error(text));
  const { figures, failures, notes, head = ['', ''], rows, plot, caption = 'The run over time' } = outcome;
  const shown = args.filter((arg) => arg !== '--record');
  const result = {
    scenario: name,
    command: ['node bench/run.mjs', name, ...shown].join(' '),
    date: new Date().toISOString(),
    relay: relayVersion(),
    machine: { ...machine(), loadBefore: load },
    options,
    figures,
    failures,
    notes,
  };
  console.log(JSON.stringify(result, null, 2));
  console.error(`\n${textTable([head, ...rows])}\n`);
  for (const note of notes) console.error(`note: ${note}`);
  for (const failure of failures) console.error(`FAILED: ${failure}`);
  if (options.record) record(result, { head, rows, plot, caption });
  return failures.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof UsageError ? `bench: ${error.message}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
