// Runs the end-to-end tests: node tests/e2e/run.mjs [words of file names] [-- options for node --test]

import { spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { ECHO_BIN, RELAY_BIN } from './support/processes.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const args = process.argv.slice(2);
const split = args.indexOf('--') === -1 ? args.length : args.indexOf('--');
const words = args.slice(0, split);

for (const program of [RELAY_BIN, ECHO_BIN]) {
  if (!existsSync(program)) {
    console.error(`${program} is not there: build it first, or name it in RELAY_BIN and ECHO_BIN`);
    process.exit(2);
  }
}

const files = readdirSync(here)
  .filter((file) => file.endsWith('.test.mjs') && (words.length === 0 || words.some((word) => file.includes(word))))
  .map((file) => path.join(here, file));
if (files.length === 0) {
  console.error(`no test file has any of these in its name: ${words.join(' ')}`);
  process.exit(2);
}

const options = ['--test', '--test-concurrency=2', '--test-timeout=300000', ...args.slice(split + 1)];
const child = spawn(process.execPath, [...options, ...files], { stdio: 'inherit' });
child.on('exit', (code, signal) => process.exit(signal ? 1 : code));
