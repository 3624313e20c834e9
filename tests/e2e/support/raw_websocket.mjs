// A WebSocket client (RFC 6455) that can also break the rules, and shows every frame as it came.

import { randomBytes } from 'node:crypto';
import { RawConnection, requestText } from './raw_http.mjs';
import { PATIENCE_MS, Record } from './record.mjs';

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 };

const MASK = Buffer.from([0x1b, 0x2c, 0x3d, 0x4e]);

/** The bytes of one client frame. */
export function frame(opcode, payload = '', { fin = true, masked = true, rsv = 0, declaredLength } = {}) {
  const bytes = Buffer.from(payload);
  const length = BigInt(declaredLength ?? bytes.length);
  const extended = length > 65535n ? 8 : length > 125n ? 2 : 0;
  const head = Buffer.alloc(2 + extended);
  head[0] = (fin ? 0x80 : 0) | (rsv << 4) | opcode;
  head[1] = (masked ? 0x80 : 0) | (extended === 8 ? 127 : extended === 2 ? 126 : Number(length));
  if (extended === 8) head.writeBigUInt64BE(length, 2);
  if (extended === 2) head.writeUInt16BE(Number(length), 2);
  if (!masked) return Buffer.concat([head, bytes]);
  const hidden = Buffer.from(bytes);
  for (let i = 0; i < hidden.length; i++) hidden[i] ^= MASK[i & 3];
  return Buffer.concat([head, MASK, hidden]);
}

export const upgradeHeaders = (more = {}) => ({
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': randomBytes(16).toString('base64'),
  ...more,
});

export class RawWebSocket {
  /** Frames of the server: {opcode, payload, fin}. Ends with the TCP connection. */
  frames = new Record('frames');
  #buffer = Buffer.alloc(0);

  /** Sends the upgrade request; `handshake` is the answer, `isOpen` says whether it was 101. */
  static async open(port, target, { headers = {}, from } = {}) {
    const websocket = new RawWebSocket();
    websocket.connection = await RawConnection.open(port, { from });
    websocket.connection.write(requestText('GET', target, upgradeHeaders(headers)));
    websocket.handshake = await websocket.connection.response();
    websocket.isOpen = websocket.handshake.status === 101;
    if (websocket.isOpen) {
      websocket.connection.handOver((bytes) => websocket.#read(bytes));
      const finish = () => websocket.frames.end();
      websocket.connection.socket.on('end', finish).on('close', finish);
      if (websocket.connection.ended) finish();
    }
    return websocket;
  }

  /** Text goes out as a text frame, bytes as a binary one. */
  send(data) {
    return this.sendRaw(frame(typeof data === 'string' ? OPCODE.text : OPCODE.binary, data));
  }

  sendRaw(bytes) {
    this.connection.write(bytes);
    return this;
  }

  sendClose(code, reason = '') {
    if (code === undefined) return this.sendRaw(frame(OPCODE.close));
    const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]);
    return this.sendRaw(frame(OPCODE.close, payload));
  }

  /** Waits for the server's Close frame and for the end of the connection: {code, reason}; code null when empty. */
  async closeFrame(what = 'a Close frame and the end', deadlineMs = PATIENCE_MS) {
    const { payload } = await this.frames.first(({ opcode }) => opcode === OPCODE.close, what, deadlineMs);
    // A client that was told to close closes; some servers wait for that before they end the connection.
    if (!this.connection.ended) this.connection.socket.end(payload.length === 0 ? frame(OPCODE.close) : undefined);
    await this.frames.finished(what, deadlineMs);
    if (payload.length === 0) return { code: null, reason: '' };
    return { code: payload.readUInt16BE(0), reason: payload.subarray(2).toString('utf8') };
  }

  /** Drops the TCP connection without a word. */
  drop() {
    this.connection.close();
  }

  #read(bytes) {
    this.#buffer = this.#buffer.length === 0 ? bytes : Buffer.concat([this.#buffer, bytes]);
    for (;;) {
      const head = this.#head();
      if (!head || this.#buffer.length < head.size + head.length) return;
      const payload = this.#buffer.subarray(head.size, head.size + head.length);
      this.#buffer = this.#buffer.subarray(head.size + head.length);
      this.frames.add({ ...head, payload });
    }
  }

  #head() {
    if (this.#buffer.length < 2) return null;
    const short = this.#buffer[1] & 0x7f;
    const size = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (this.#buffer.length < size) return null;
    const long = () => (size === 10 ? Number(this.#buffer.readBigUInt64BE(2)) : this.#buffer.readUInt16BE(2));
    return {
      opcode: this.#buffer[0] & 0x0f,
      fin: (this.#buffer[0] & 0x80) !== 0,
      rsv: (this.#buffer[0] >> 4) & 7,
      masked: (this.#buffer[1] & 0x80) !== 0,
      size,
      length: size === 2 ? short : long(),
    };
  }
}
