import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventJson } from './bench_event.mjs';
import { monotonicMicroseconds } from './monotonic_clock.mjs';
import { API_KEY } from './tokens.mjs';

const TRIES = 5;
const RETRY_MS = 200;

/** Publishes events with the numbers 1, 2, 3, ... over one connection, each request after the answer to the last. */
export class Publisher {
  /** How many events were accepted. */
  published = 0;

  #port;
  #roomsJson;
  #padding;
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

  constructor({ port, rooms, paddingBytes }) {
    this.#port = port;
    this.#roomsJson = JSON.stringify(rooms);
    this.#padding = 'x'.repeat(paddingBytes);
  }

  /** One event; tries again with the same nonce when there is no answer, or one that says so. */
  async publish() {
    const body = this.#nextJson();
    const nonce = randomUUID();
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#post(body, { nonce }).catch((error) => ({ status: 0, text: error.message }));
      if (answer.status === 202) return;
      if (attempt === TRIES || (answer.status >= 400 && answer.status < 500)) throw refusal(answer);
      await sleep(RETRY_MS);
    }
  }

  close() {
    this.#agent.destroy();
  }

  #nextJson() {
    this.published++;
    return eventJson(this.#roomsJson, this.published, monotonicMicroseconds(), this.#padding);
  }

  #post(body, headers = {}) {
    const { promise, resolve, reject } = withResolvers();
    const request = http.request({
      host: '127.0.0.1',
      port: this.#port,
      method: 'POST',
      path: '/events',
      agent: this.#agent,
      headers: {
        'Content-Type': 'application/json',
        'Content-Length': Buffer.byteLength(body),
        'X-Relay-Key': API_KEY,
        ...headers,
      },
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece) => (text += piece));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    request.end(body);
    return promise;
  }
}

const refusal = ({ status, text }) => new Error(`POST /events was answered ${status} ${text.slice(0, 300)}`);

function withResolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}
