// HTTP/1.1 by hand: the bytes that are sent are the test's, the bytes that come back are shown as they came.

import net from 'node:net';
import { PATIENCE_MS, within } from './record.mjs';

/** One TCP connection on which responses are read in order. */
export class RawConnection {
  #buffer = Buffer.alloc(0);
  #wake = () => {};
  ended = false;

  /** From a local address of the loopback net, so that a test can be several clients. */
  static async open(port, { from } = {}) {
    const connection = new RawConnection();
    connection.socket = net.connect({ port, host: '127.0.0.1', localAddress: from, noDelay: true });
    connection.socket.on('data', (bytes) => connection.#append(bytes));
    const finish = () => {
      connection.ended = true;
      connection.#wake();
    };
    connection.socket.on('end', finish).on('close', finish);
    await within(
      new Promise((resolve, reject) => connection.socket.once('connect', resolve).once('error', reject)),
      'a TCP connection',
    );
    // A reset is an end like any other here; what was read before it counts.
    connection.socket.on('error', () => {});
    return connection;
  }

  write(bytes) {
    this.socket.write(bytes);
    return this;
  }

  close() {
    this.socket.destroy();
  }

  /** Everything that came and was not read yet. */
  get unread() {
    return this.#buffer;
  }

  /** Resolves when the peer has ended the connection. */
  async end(what = 'the peer ends the connection', deadlineMs = PATIENCE_MS) {
    await this.#until(() => this.ended, what, deadlineMs);
  }

  /** One response, an interim (1xx) one as well. `toHead` is for answers to HEAD. */
  async response({ toHead = false, deadlineMs = PATIENCE_MS } = {}) {
    const headEnd = await this.#until(() => this.#buffer.indexOf('\r\n\r\n') + 1, 'a response head', deadlineMs);
    const head = this.#take(headEnd + 3).toString('latin1');
    const [statusLine, ...lines] = head.trimEnd().split('\r\n');
    const headers = {};
    for (const line of lines) {
      const name = line.slice(0, line.indexOf(':')).toLowerCase();
      const value = line.slice(line.indexOf(':') + 1).trim();
      headers[name] = name in headers ? `${headers[name]}, ${value}` : value;
    }
    const status = Number(statusLine.split(' ')[1]);
    const bodiless = toHead || status < 200 || status === 204 || status === 304;
    const body = bodiless ? Buffer.alloc(0) : await this.#body(headers, deadlineMs);
    return new Response({ status, statusLine, head, headers, body });
  }

  /** Bytes that follow an upgrade; from then on they go to the callback. */
  handOver(onBytes) {
    const rest = this.#buffer;
    this.#buffer = Buffer.alloc(0);
    this.#append = onBytes;
    if (rest.length > 0) onBytes(rest);
  }

  #append = (bytes) => {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    this.#wake();
  };

  async #body(headers, deadlineMs) {
    if (/chunked/i.test(headers['transfer-encoding'] ?? '')) return this.#chunks(deadlineMs);
    if ('content-length' in headers) {
      const length = Number(headers['content-length']);
      await this.#until(() => this.#buffer.length >= length, `${length} bytes of a body`, deadlineMs);
      return this.#take(length);
    }
    await this.end('the end of a body without a length', deadlineMs);
    return this.#take(this.#buffer.length);
  }

  async #chunks(deadlineMs) {
    const pieces = [];
    for (;;) {
      const lineEnd = await this.#until(() => this.#buffer.indexOf('\r\n') + 1, 'a chunk size', deadlineMs);
      const size = parseInt(this.#take(lineEnd + 1).toString('latin1'), 16);
      await this.#until(() => this.#buffer.length >= size + 2, 'a chunk', deadlineMs);
      pieces.push(this.#take(size + 2).subarray(0, size));
      if (size === 0) return Buffer.concat(pieces);
    }
  }

  #take(length) {
    const bytes = this.#buffer.subarray(0, length);
    this.#buffer = this.#buffer.subarray(length);
    return bytes;
  }

  #until(ready, what, deadlineMs) {
    const story = () => `${what} (unread: ${JSON.stringify(this.#buffer.toString('latin1').slice(0, 300))})`;
    const promise = new Promise((resolve, reject) => {
      this.#wake = () => {
        const value = ready();
        if (value) resolve(value);
        else if (this.ended) reject(new Error(`${story()}: the connection has ended`));
      };
      this.#wake();
    });
    return within(promise, story, deadlineMs);
  }
}

class Response {
  constructor(parts) {
    Object.assign(this, parts);
  }

  get text() {
    return this.body.toString('utf8');
  }

  get json() {
    return JSON.parse(this.text);
  }
}

/** The bytes of a request head, with Host and, for a body, Content-Length unless they are given. */
export function requestText(method, target, headers = {}, body) {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const lines = [`${method} ${target} HTTP/1.1`];
  if (!given.has('host')) lines.push('Host: 127.0.0.1');
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  if (body !== undefined && !given.has('content-length') && !given.has('transfer-encoding')) {
    lines.push(`Content-Length: ${Buffer.byteLength(body)}`);
  }
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body ?? '')]);
}

/** One request and its final response, on a connection of its own or on the given one, which then stays open. */
export async function request(port, method, target, { headers = {}, body, connection, from, deadlineMs } = {}) {
  const used = connection ?? (await RawConnection.open(port, { from }));
  try {
    const all = connection ? headers : { Connection: 'close', ...headers };
    used.write(requestText(method, target, all, body));
    return await used.response({ toHead: method === 'HEAD', deadlineMs });
  } finally {
    if (!connection) used.close();
  }
}

/** Text in chunks of `size` bytes, as a chunked body (RFC 9112, 7.1). */
export function chunked(text, size = 7) {
  const bytes = Buffer.from(text);
  const pieces = [];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}
