// The relay under test, and what the system says of it.

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf, memoryOf } from './process_figures.mjs';
import { API_KEY, JWT_SIGNING_SECRET } from './tokens.mjs';

const BUILT = fileURLToPath(new URL('../../build/release/socket-relay', import.meta.url));
const START_MS_MAX = 10_000;
const STOP_MS_MAX = 10_000;
const LOOK_MS = 20;
const COMPLAINTS_SHOWN = 5;
// Of a setting in SETTINGS that this relay does not need yet.
const NOT_BUILT = '"msg":"setting has no effect in this version"';

const SETTINGS = {
  HOST: '127.0.0.1',
  PORT: '0',
  WORKERS: '1',
  JWT_SIGNING_SECRET,
  RELAY_API_KEY: API_KEY,
  RATE_LIMIT_IP: '0',
  RATE_LIMIT_AUTH_FAILURES: '0',
  RATE_LIMIT_PUBLISH: '0',
  RATE_LIMIT_SESSION: '0',
  RATE_LIMIT_SOCKET: '0',
  READY_DELAY_S: '0',
  DRAIN_S: '0',
};

const relayProgram = () => process.env.RELAY_BIN ?? BUILT;

export const relayVersion = () =>
  execFileSync(relayProgram(), ['version'], { encoding: 'utf8' }).trim().replaceAll('\n', ', ');

// Without this a signal would end the bench alone, and not the relay.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

export class RelayProcess {
  port = null;
  /** Lines of its log that are not `info`, and what it wrote to stderr; only the first few. */
  complaints = [];

  #child;
  #folder = mkdtempSync(path.join(os.tmpdir(), 'relay-bench-')); // without a .env file
  #ended;
  #endMe = () => this.#child.kill('SIGKILL');

  /** `settings` go over those of every bench; `cpu`: the one it is bound to, if any. */
  static async start({ settings = {}, cpu = null } = {}) {
    const program = relayProgram();
    if (!existsSync(program)) {
      throw new Error(`${program} is not there: build it (./dev build), or name it in RELAY_BIN`);
    }
    const relay = new RelayProcess();
    await relay.#start(program, { ...SETTINGS, ...settings }, cpu);
    return relay;
  }

  get pid() {
    return this.#child.pid;
  }

  /** User and system time so far, of all its threads. */
  cpuSeconds() {
    return cpuSecondsOf(this.pid);
  }

  memory() {
    return memoryOf(this.pid);
  }

  /** Resolves when it says that it is ready, which in a cluster it is some time after it listens. */
  async ready() {
    const deadline = performance.now() + START_MS_MAX;
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${this.port}/readyz`);
      const text = await response.text();
      if (response.ok) return;
      if (performance.now() > deadline) {
        throw new Error(`the relay is not ready: ${text}; ${this.complaints.join(' ')}`);
      }
      await sleep(LOOK_MS);
    }
  }

  /** The samples of one metric: an object of its labels (as they are written) and numbers. */
  async metric(name) {
    const text = await (await fetch(`http://127.0.0.1:${this.port}/metrics`)).text();
    const samples = text.matchAll(new RegExp(`^socket_relay_${name}(?:\\{(.*)\\})? (\\S+)$`, 'gm'));
    return Object.fromEntries(Array.from(samples, ([, labels, value]) => [labels ?? '', Number(value)]));
  }

  async stop() {
    const deadline = setTimeout(this.#endMe, STOP_MS_MAX);
    this.#child.kill('SIGTERM');
    await this.#ended;
    clearTimeout(deadline);
  }

  async #start(program, settings, cpu) {
    const command = cpu === null ? [program, 'serve'] : ['taskset', '-c', String(cpu), program, 'serve'];
    this.#child = spawn(command[0], command.slice(1), {
      cwd: this.#folder,
      env: { PATH: process.env.PATH, ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    process.once('exit', this.#endMe);
    this.#ended = new Promise((resolve) => {
      this.#child.once('error', resolve);
      this.#child.once('exit', resolve);
    }).then(() => {
      process.removeListener('exit', this.#endMe);
      rmSync(this.#folder, { recursive: true, force: true });
    });
    await this.#readPort();
  }

  #readPort() {
    return new Promise((resolve, reject) => {
      const fail = (why) => {
        this.#endMe();
        reject(new Error(`the relay did not start: ${why}; ${this.complaints.join(' ')}`));
      };
      const deadline = setTimeout(() => fail(`no "listening" in ${START_MS_MAX} ms`), START_MS_MAX);
      this.#ended.then(() => {
        clearTimeout(deadline);
        fail('it ended');
      });
      this.#child.stderr.on('data', (text) => this.#complain(String(text)));
      eachLine(this.#child.stdout, (line) => {
        if (!line.startsWith('{"level":"info"') && !line.includes(NOT_BUILT)) this.#complain(line);
        if (this.port !== null || !line.includes('"msg":"listening"')) return;
        clearTimeout(deadline);
        this.port = JSON.parse(line).port;
        resolve();
      });
    });
  }

  #complain(text) {
    if (this.complaints.length < COMPLAINTS_SHOWN) this.complaints.push(text.trim());
  }
}

function eachLine(stream, handle) {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (piece) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop();
    lines.forEach(handle);
  });
}
