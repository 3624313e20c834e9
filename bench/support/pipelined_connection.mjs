import net from 'node:net';
import { API_KEY } from './tokens.mjs';

const END_OF_HEAD = '\r\n\r\n';
const CONTENT_LENGTH = /\r\ncontent-length: (\d+)/i;

/** Sends POST /events without waiting for the answers, which must be 202 all the same. */
export class PipelinedConnection {
  /** How many requests are without an answer. */
  unanswered = 0;

  #head;
  #socket;
  #onAnswer;
  #rest = '';
  #error = null;

  /** `onAnswer` is called for each answer, and when the connection failed. */
  constructor(port, onAnswer = () => {}) {
    this.#onAnswer = onAnswer;
    this.#head =
      `POST /events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n` +
      `X-Relay-Key: ${API_KEY}\r\nContent-Length: `;
    this.#socket = net.connect({ host: '127.0.0.1', port, noDelay: true });
    this.#socket.setEncoding('latin1');
    this.#socket.on('data', (text) => this.#onAnswers(text));
    this.#socket.on('error', (error) => this.#fail(error));
    this.#socket.on('close', () => this.#fail(new Error('the server closed the connection of the publisher')));
  }

  /** What went wrong, or null. */
  get error() {
    return this.#error;
  }

  /** `body` is of ASCII characters. Throws what went wrong with an earlier one. */
  post(body) {
    if (this.#error) throw this.#error;
    this.#socket.write(`${this.#head}${body.length}\r\n\r\n${body}`, 'latin1');
    this.unanswered++;
  }

  /** What `posts` posts goes out in one write. */
  together(posts) {
    this.#socket.cork();
    try {
      posts();
    } finally {
      this.#socket.uncork();
    }
  }

  close() {
    this.#onAnswer = () => {};
    this.#socket.destroy();
  }

  #onAnswers(text) {
    this.#rest += text;
    for (;;) {
      const headLength = this.#rest.indexOf(END_OF_HEAD);
      if (headLength < 0) return;
      const head = this.#rest.slice(0, headLength);
      const end = headLength + END_OF_HEAD.length + Number(CONTENT_LENGTH.exec(head)?.[1] ?? NaN);
      if (!(this.#rest.length >= end)) return;
      if (!head.startsWith('HTTP/1.1 202 ')) this.#fail(new Error(`POST /events: ${this.#rest.slice(0, 500)}`));
      this.#rest = this.#rest.slice(end);
      this.unanswered--;
      this.#onAnswer();
    }
  }

  #fail(error) {
    this.#error ??= error;
    this.#onAnswer();
  }
}
