// A line to Redis that is slow and changes bytes; what cuts and stalls it is a TcpProxy before it.

import net from 'node:net';
import { pipeline, Transform } from 'node:stream';

/** A way to a port of this host, for as long as `scope` lasts. */
export async function startLine(scope, port) {
  const line = new Line(port);
  await line.listen();
  scope.after(() => line.close());
  return line;
}

class Line {
  /** How long each piece is on its way, in either direction. */
  delayMs = 0;
  /** How many bytes are still to be changed, in each direction: one in a piece, at a random place. */
  garble = { toRedis: 0, toRelay: 0 };
  /** Draws the place: a function of a seeded Random, or as it comes. */
  draw = (most) => Math.floor(Math.random() * (most + 1));
  #server;
  #sockets = new Set();

  constructor(target) {
    this.#server = net.createServer({ noDelay: true }, (relay) => {
      const redis = net.connect({ port: target, host: '127.0.0.1', noDelay: true });
      for (const socket of [relay, redis]) {
        this.#sockets.add(socket);
        socket.on('close', () => this.#sockets.delete(socket));
      }
      const part = () => [relay, redis].forEach((socket) => socket.destroy());
      pipeline(relay, this.#stretch('toRedis'), redis, part);
      pipeline(redis, this.#stretch('toRelay'), relay, part);
    });
  }

  listen() {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port() {
    return this.#server.address().port;
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #stretch(direction) {
    return new Transform({
      transform: (bytes, _, done) => {
        const passed = this.#pass(direction, bytes);
        if (this.delayMs > 0) setTimeout(() => done(null, passed), this.delayMs);
        else done(null, passed);
      },
    });
  }

  #pass(direction, bytes) {
    if (this.garble[direction] === 0) return bytes;
    this.garble[direction]--;
    const changed = Buffer.from(bytes);
    changed[this.draw(changed.length - 1)] ^= 1 << this.draw(7);
    return changed;
  }
}
