// A client of Redis (RESP 2) that sends what it is told and shows what comes back.

import net from 'node:net';
import tls from 'node:tls';
import { Record, within } from './record.mjs';

const CRLF = Buffer.from('\r\n');

/** The bytes of a command; arguments are text, numbers or bytes. */
function encode(args) {
  const pieces = [Buffer.from(`*${args.length}\r\n`)];
  for (const arg of args) {
    const bytes = Buffer.isBuffer(arg) ? arg : Buffer.from(String(arg));
    pieces.push(Buffer.from(`$${bytes.length}\r\n`), bytes, CRLF);
  }
  return Buffer.concat(pieces);
}

/** The value at `at` and where it ends, or null if it is not whole yet. Bulk strings are bytes, errors are Errors. */
function decode(buffer, at) {
  const lineEnd = buffer.indexOf(CRLF, at);
  if (lineEnd === -1) return null;
  const [kind, line, next] = [buffer[at], buffer.toString('utf8', at + 1, lineEnd), lineEnd + 2];
  switch (String.fromCharCode(kind)) {
    case '+':
      return { value: line, next };
    case '-':
      return { value: new Error(line), next };
    case ':':
      return { value: Number(line), next };
    case '$': {
      const length = Number(line);
      if (length < 0) return { value: null, next };
      if (buffer.length < next + length + 2) return null;
      return { value: Buffer.from(buffer.subarray(next, next + length)), next: next + length + 2 };
    }
    case '*':
      return decodeArray(buffer, Number(line), next);
    default:
      throw new Error(`Redis says ${JSON.stringify(buffer.toString('latin1', at, lineEnd))}`);
  }
}

function decodeArray(buffer, count, at) {
  if (count < 0) return { value: null, next: at };
  const value = [];
  let next = at;
  while (value.length < count) {
    const element = decode(buffer, next);
    if (!element) return null;
    value.push(element.value);
    next = element.next;
  }
  return { value, next };
}

const asText = (value) =>
  Buffer.isBuffer(value) ? value.toString('utf8') : Array.isArray(value) ? value.map(asText) : value;

export class RedisClient {
  /** What came on channels: {channel, payload}, the payload as bytes. */
  messages = new Record('messages of Redis');
  #buffer = Buffer.alloc(0);
  #waiting = [];

  /** `tls` is an object of node:tls's options, or nothing for a plain connection. */
  static async open(port, { user = 'default', password, tls: tlsOptions } = {}) {
    const client = new RedisClient();
    const address = { port, host: '127.0.0.1' };
    client.socket = tlsOptions ? tls.connect({ ...address, ...tlsOptions }) : net.connect(address);
    client.socket.on('data', (bytes) => client.#read(bytes));
    client.socket.on('error', (error) => client.#fail(error));
    client.socket.on('close', () => client.#fail(new Error('Redis has closed the connection')));
    await within(
      new Promise((resolve, reject) => {
        client.socket.once(tlsOptions ? 'secureConnect' : 'connect', resolve).once('error', reject);
      }),
      'a connection to Redis',
    );
    if (password !== undefined) await client.command('AUTH', user, password);
    return client;
  }

  /** The answer, its strings as bytes. An error answer rejects. */
  bytes(...args) {
    const answer = new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }));
    this.socket.write(encode(args));
    return within(answer, `Redis answers ${args[0]}`);
  }

  /** The answer, its strings as text. */
  async command(...args) {
    return asText(await this.bytes(...args));
  }

  /** Follows channels by patterns: what comes is in `messages`. From then on only this may be called. */
  psubscribe(...patterns) {
    return this.command('PSUBSCRIBE', ...patterns);
  }

  close() {
    this.socket.destroy();
  }

  #read(bytes) {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    try {
      let at = 0;
      for (let found; at < this.#buffer.length && (found = decode(this.#buffer, at)); at = found.next) {
        this.#take(found.value);
      }
      this.#buffer = this.#buffer.subarray(at);
    } catch (error) {
      this.#fail(error);
      this.close();
    }
  }

  #take(value) {
    const kind = Array.isArray(value) && Buffer.isBuffer(value[0]) ? value[0].toString() : '';
    if (kind === 'pmessage') return this.messages.add({ channel: value[2].toString('utf8'), payload: value[3] });
    const asked = this.#waiting.shift();
    if (value instanceof Error) asked?.reject(value);
    else asked?.resolve(value);
  }

  #fail(error) {
    this.messages.end();
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
