// A relay under test, started as its users start it and seen from outside only.

import assert from 'node:assert/strict';
import { launch, freePort, RELAY_BIN, run } from './processes.mjs';
import { request } from './raw_http.mjs';
import { eventually, Record, within } from './record.mjs';
import { API_KEY, BASE_SETTINGS } from './settings.mjs';

/**
 * Starts `socket-relay serve` with BASE_SETTINGS and `settings` (undefined removes one) for as long as `scope` lasts: a
 * test's context, or node:test itself for the whole file.
 */
export async function startRelay(scope, settings = {}, options = {}) {
  const relay = await Relay.start({ ...BASE_SETTINGS, ...settings }, options);
  scope.after(() => relay.stop());
  return relay;
}

class Relay {
  logs = new Record('log');
  stdout = '';
  stderr = '';
  #rest = '';
  #ended = null;
  #stopping = false;

  static async start(settings, { args = [], folder }) {
    const relay = new Relay();
    await relay.#start(settings, args, folder);
    return relay;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid() {
    return this.process.child.pid;
  }

  /** Ends it with SIGTERM. Fails when it had ended before, died, did not end, or a sanitizer complained. */
  async stop() {
    if (this.#stopping) return;
    this.#stopping = true;
    assert.equal(this.#ended, null, `the relay ended by itself: ${this.#epitaph()}`);
    this.process.child.kill('SIGTERM');
    try {
      await within(this.process.exited, 'the relay ends after SIGTERM', 20_000);
    } finally {
      this.process.child.kill('SIGKILL');
    }
    assert.deepEqual(this.#ended, { code: 0, signal: null }, `after SIGTERM: ${this.#epitaph()}`);
    assert.doesNotMatch(this.stderr, /Sanitizer|runtime error:/);
  }

  /** Ends it at once, as a crash does. */
  async kill() {
    this.#stopping = true;
    this.process.child.kill('SIGKILL');
    await within(this.process.exited, 'the relay ends after SIGKILL');
  }

  /** The first log line with this message that fits. */
  logLine(message, matches = () => true, deadlineMs) {
    return this.logs.first((line) => line.msg === message && matches(line), `log line "${message}"`, deadlineMs);
  }

  /** POST /events; `event` is a value, or text or bytes to be sent as they are. */
  post(event, { key = API_KEY, headers = {}, query = '', connection } = {}) {
    const body = typeof event === 'string' || Buffer.isBuffer(event) ? event : JSON.stringify(event);
    const all = { 'Content-Type': 'application/json', ...(key === null ? {} : { 'X-Relay-Key': key }), ...headers };
    return request(this.port, 'POST', `/events${query}`, { headers: all, body, connection });
  }

  /** A publish that must be accepted; its answer. */
  async publish(room, type, payload = {}, more = {}, options = {}) {
    const answer = await this.post({ room, type, payload, ...more }, options);
    assert.equal(answer.status, 202, answer.text);
    return answer.json;
  }

  get(target, options) {
    return request(this.port, 'GET', target, options);
  }

  async #start(settings, args, folder) {
    // The port is read from the log line `listening`; where that line is not written or not JSON, it is chosen here.
    const silent = ['warn', 'error', 'fatal'].includes(settings.LOG_LEVEL) || settings.LOG_FORMAT === 'pretty';
    if (silent && settings.PORT === '0') settings.PORT = String(await freePort());
    this.settings = settings;
    this.process = launch(RELAY_BIN, ['serve', ...args], {
      settings,
      folder,
      output: (stream, text) => this.#read(stream, text),
    });
    this.process.exited.then((end) => {
      this.#ended = end;
      this.logs.end();
    });
    try {
      if (silent) {
        this.port = Number(settings.PORT);
        await eventually(() => this.#answers(), 'GET /healthz');
      } else {
        this.port = (await this.logLine('listening')).port;
        assert.ok(Number.isInteger(this.port), 'the log line "listening" has the port');
      }
    } catch (error) {
      this.process.child.kill('SIGKILL');
      throw new Error(`the relay did not start (${RELAY_BIN}): ${this.#epitaph()}`, { cause: error });
    }
  }

  async #answers() {
    if (this.#ended) throw new Error('it ended');
    return (await this.get('/healthz').catch(() => null))?.status === 200;
  }

  #read(stream, text) {
    this[stream] += text;
    if (stream !== 'stdout') return;
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) {
      let parsed = { unparsed: line };
      try {
        parsed = JSON.parse(line);
      } catch {
        // LOG_FORMAT=pretty; the tests that promise JSON look at `unparsed`.
      }
      this.logs.add(parsed);
    }
  }

  #epitaph() {
    const { code, signal, error } = this.#ended ?? {};
    return `exit status ${code}, signal ${signal}${error ? `, ${error.message}` : ''}; stderr: ${this.stderr.slice(-1500)}`;
  }
}

/** Runs a subcommand of the relay's program to its end, with exactly these settings. */
export const runCommand = (args, settings = {}, options = {}) => run(RELAY_BIN, args, { settings, ...options });
