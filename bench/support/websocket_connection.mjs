// A WebSocket (RFC 6455) as a client of a load test needs it: it reads text frames and shows them to its owner where
// they lie, without a copy. All connections of a process read into one buffer, so an idle one costs a socket and little
// more.

import net from 'node:net';

const HEAD_BYTES_MAX = 16 * 1024;
const END_OF_HEAD = '\r\n\r\n';
const opcodes = { text: 1, close: 8, ping: 9, pong: 10 };

// A read is handed on before the next one begins, on whatever socket; only an unfinished frame is copied out of here.
const readBuffer = Buffer.allocUnsafe(64 * 1024);

/**
 * The owner has
 *   onText(connection, buffer, start, end)  a whole text message; the bytes are good until it returns
 *   onClosed(connection, reason)            once, unless the owner itself cut the connection
 * and may cut the connection in either.
 */
export class WebSocketConnection {
  /** How many came from the relay. */
  bytes = 0;

  #owner;
  #socket;
  #rest = null;
  #isOpen = false;
  #reason = 'closed by the relay';

  constructor({ port, localAddress, target, owner }) {
    this.#owner = owner;
    this.#socket = net.connect({
      host: '127.0.0.1',
      port,
      localAddress,
      noDelay: true,
      onread: { buffer: readBuffer, callback: (length) => this.#onRead(length) },
    });
    this.#socket.on('connect', () => this.#socket.write(upgradeRequest(port, target)));
    this.#socket.on('error', (error) => (this.#reason = error.code ?? error.message));
    this.#socket.on('close', () => this.#close());
  }

  send(text) {
    this.#socket.write(maskedFrame(opcodes.text, Buffer.from(text)));
  }

  /** Leaves without a word: with FIN (or whatever the kernel makes of unread bytes), or with RST. */
  cut({ withReset }) {
    this.#owner = null;
    this.#rest = null;
    if (withReset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /**
   * Leaves as a telephone in a tunnel does: the connection lives on for the relay, but nobody listens to it. `onClosed`
   * is called when the relay has closed it.
   */
  abandon(onClosed) {
    this.#owner = { onText() {}, onClosed };
    this.#rest = null;
    this.#onRead = () => true;
  }

  /** From now on what comes is counted, here and in `tally.bytes`, and not read: no ping is answered either. */
  countOnly(tally) {
    this.#onRead = (length) => {
      this.bytes += length;
      tally.bytes += length;
      return true;
    };
  }

  #onRead = (length) => {
    this.bytes += length;
    let chunk = readBuffer;
    let end = length;
    if (this.#rest) {
      chunk = Buffer.concat([this.#rest, readBuffer.subarray(0, length)]);
      end = chunk.length;
      this.#rest = null;
    }
    const start = this.#isOpen ? 0 : this.#readHead(chunk, end);
    const taken = start < 0 ? 0 : this.#readFrames(chunk, start, end);
    if (taken < end && this.#owner) this.#rest = Buffer.from(chunk.subarray(taken, end));
    return true;
  };

  /** Where the frames begin, or -1 when the head is unfinished or refused. */
  #readHead(chunk, end) {
    const bytes = chunk.subarray(0, Math.min(end, HEAD_BYTES_MAX));
    const length = bytes.indexOf(END_OF_HEAD);
    if (length < 0) {
      if (end > HEAD_BYTES_MAX) this.#fail('the answer to the upgrade has no end');
      return -1;
    }
    const status = bytes.latin1Slice(0, bytes.indexOf('\r\n'));
    if (!status.startsWith('HTTP/1.1 101 ')) {
      this.#fail(`upgrade refused: ${status}`);
      return -1;
    }
    this.#isOpen = true;
    return length + END_OF_HEAD.length;
  }

  /** Where the first unfinished frame begins. */
  #readFrames(chunk, start, end) {
    let at = start;
    while (this.#owner && end - at >= 2) {
      const firstByte = chunk[at];
      let length = chunk[at + 1] & 0x7f;
      let payload = at + 2;
      if (length === 126) {
        if (end - at < 4) break;
        length = chunk.readUInt16BE(at + 2);
        payload = at + 4;
      } else if (length === 127) {
        if (end - at < 10) break;
        length = Number(chunk.readBigUInt64BE(at + 2));
        payload = at + 10;
      }
      if (end - payload < length) break;
      at = payload + length;
      this.#onFrame(firstByte, chunk, payload, at);
    }
    return at;
  }

  #onFrame(firstByte, chunk, start, end) {
    switch (firstByte) {
      case 0x80 | opcodes.text:
        this.#owner.onText(this, chunk, start, end);
        break;
      case 0x80 | opcodes.ping:
        this.#socket.write(maskedFrame(opcodes.pong, chunk.subarray(start, end)));
        break;
      case 0x80 | opcodes.close:
        this.#socket.end(maskedFrame(opcodes.close, chunk.subarray(start, end)));
        break;
      default:
        this.#fail(`unexpected frame, first byte ${firstByte}`);
    }
  }

  #fail(reason) {
    this.#reason = reason;
    this.#socket.destroy();
    this.#close();
  }

  #close() {
    const owner = this.#owner;
    this.#owner = null;
    owner?.onClosed(this, this.#reason);
  }
}

const upgradeRequest = (port, target) =>
  `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: bG9hZCB0ZXN0IGNsaWVudA==\r\n\r\n';

function maskedFrame(opcode, payload) {
  const extended = payload.length < 126 ? 0 : 2;
  const frame = Buffer.allocUnsafe(2 + extended + 4 + payload.length);
  frame[0] = 0x80 | opcode;
  frame[1] = 0x80 | (extended ? 126 : payload.length);
  if (extended) frame.writeUInt16BE(payload.length, 2);
  const mask = 2 + extended;
  frame.writeUInt32BE(Math.floor(Math.random() * 2 ** 32), mask);
  for (let i = 0; i < payload.length; i++) frame[mask + 4 + i] = payload[i] ^ frame[mask + (i & 3)];
  return frame;
}
