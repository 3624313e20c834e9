import net from 'node:net';
import { eventJson } from './bench_event.mjs';
import { monotonicMicroseconds } from './monotonic_clock.mjs';
import { API_KEY } from './tokens.mjs';

const END_OF_HEAD = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)/i;

/** Publishes batches without waiting for the answers, which must be 202 all the same. */
export class PipelinedPublisher {
  /** How many events were sent. */
  published = 0;
  /** How many requests are without an answer. */
  unanswered = 0;

  #head;
  #roomsJson;
  #padding;
  #socket;
  #rest = '';
  #error = null;

  constructor({ port, rooms, paddingBytes }) {
    this.#roomsJson = JSON.stringify(rooms);
    this.#padding = 'x'.repeat(paddingBytes);
    this.#head =
      `POST /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
      `X-Relay-Key: ${API_KEY}\r\nContent-Length: `;
    this.#socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text) => this.#onAnswers(text));
    this.#socket.on('error', (error) => (this.#error ??= error));
    this.#socket.on('close', () => (this.#error ??= new Error('the relay closed the connection of the publisher')));
  }

  /** Throws what went wrong with an earlier one. */
  publishBatch(count) {
    if (this.#error) throw this.#error;
    const events = [];
    const now = monotonicMicroseconds();
    for (let i = 0; i < count; i++) events.push(eventJson(this.#roomsJson, ++this.published, now, this.#padding));
    const body = `[${events.join(',')}]`; // of ASCII characters
    this.#socket.write(`${this.#head}${body.length}\r\n\r\n${body}`, 'latin1');
    this.unanswered++;
  }

  #onAnswers(text) {
    this.#rest += text;
    for (;;) {
      const headLength = this.#rest.indexOf(END_OF_HEAD);
      if (headLength < 0) return;
      const head = this.#rest.slice(0, headLength);
      const end = headLength + END_OF_HEAD.length + Number(CONTENT_LENGTH.exec(head)?.[1] ?? NaN);
      if (!(this.#rest.length >= end)) return;
      if (!head.startsWith('HTTP/1.1 202 ')) this.#error ??= new Error(`POST /events: ${this.#rest.slice(0, 500)}`);
      this.#rest = this.#rest.slice(end);
      this.unanswered--;
    }
  }
}
