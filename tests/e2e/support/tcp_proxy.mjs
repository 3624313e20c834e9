// A TCP proxy between clients and the relay, for what happens to connections: they are reset or ended in the middle of
// anything, on one side or on both, and they fall silent.

import net from 'node:net';

const DIRECTIONS = ['toRelay', 'toClient'];

/** A proxy to a port of this host, for as long as `scope` lasts. */
export async function startProxy(scope, port) {
  const proxy = new TcpProxy(port);
  await proxy.listen();
  scope.after(() => proxy.close());
  return proxy;
}

/**
 * A reset and nothing else: resetAndDestroy() sends an end before it. A socket that is not connected yet, or any more, is
 * only closed: reset, it would leave Node with a handle that never closes.
 */
function reset(socket) {
  socket.resetAndClosing = !socket.connecting && !socket.writableEnded;
  socket.destroy();
}

class TcpProxy {
  /** New connections are reset while this is set. */
  refuse = false;
  /** All that was passed on, over all connections. */
  bytes = { toRelay: 0, toClient: 0 };
  #server;
  #tunnels = new Set();
  #trap = null;

  /** `target` may be changed: the connections that come then go to another relay. */
  constructor(target) {
    this.target = target;
    this.#server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client));
  }

  listen() {
    return new Promise((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }

  get port() {
    return this.#server.address().port;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The open connections, oldest first. */
  get tunnels() {
    return [...this.#tunnels];
  }

  /** Cuts every open connection; options as of Tunnel.cut(). */
  cut(options) {
    for (const tunnel of this.#tunnels) tunnel.cut(options);
  }

  /** Nothing flows any more on the open connections, in one direction or in both. */
  stall(direction) {
    for (const tunnel of this.#tunnels) tunnel.stall(direction);
  }

  resume() {
    for (const tunnel of this.#tunnels) tunnel.resume();
  }

  halfClose(direction) {
    for (const tunnel of this.#tunnels) tunnel.halfClose(direction);
  }

  /**
   * Lets `count` more bytes pass in a direction, over whatever connections, and then calls `act(tunnel)` with the
   * connection they were on. Resolves when that has happened; one at a time.
   */
  after(count, direction, act) {
    return new Promise((resolve) => {
      this.#trap = { left: count, direction, act, resolve };
    });
  }

  /** Forgets what after() has set; its promise resolves. */
  disarm() {
    this.#trap?.resolve();
    this.#trap = null;
  }

  close() {
    this.disarm();
    this.refuse = true;
    for (const tunnel of this.#tunnels) tunnel.destroy();
    this.#server.close();
  }

  /** How many of these bytes may pass before the trap is sprung; all of them if it is not. */
  budget(direction, length) {
    const isTrapped = this.#trap?.direction === direction;
    const passing = isTrapped ? Math.min(length, this.#trap.left) : length;
    if (isTrapped) this.#trap.left -= passing;
    this.bytes[direction] += passing;
    return passing;
  }

  springTrap(tunnel) {
    if (!this.#trap || this.#trap.left > 0) return;
    const { act, resolve } = this.#trap;
    this.#trap = null;
    act(tunnel);
    resolve();
  }

  #accept(client) {
    if (this.refuse) return reset(client.on('error', () => {}));
    const tunnel = new Tunnel(
      this,
      client,
      net.connect({ port: this.target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true }),
    );
    this.#tunnels.add(tunnel);
    tunnel.onClosed = () => this.#tunnels.delete(tunnel);
  }
}

/** One connection of a client and the one to the relay that belongs to it. */
class Tunnel {
  onClosed = () => {};
  #proxy;
  #flows;
  #parted = false;

  constructor(proxy, client, relay) {
    this.#proxy = proxy;
    this.client = client;
    this.relay = relay;
    this.#flows = {
      toRelay: { from: client, to: relay, stalled: false, ended: false },
      toClient: { from: relay, to: client, stalled: false, ended: false },
    };
    for (const direction of DIRECTIONS) this.#start(direction);
  }

  /** `how` is 'reset' or 'end'; on one `side` alone the other end is left with a connection to nobody. */
  cut({ how = 'reset', side = 'both' } = {}) {
    this.#parted = true;
    this.resume();
    for (const flow of Object.values(this.#flows)) flow.ended = true;
    for (const [name, socket] of Object.entries({ client: this.client, relay: this.relay })) {
      if (side !== 'both' && side !== name) continue;
      if (how === 'reset') reset(socket);
      else socket.end();
    }
  }

  stall(direction) {
    for (const name of direction ? [direction] : DIRECTIONS) {
      this.#flows[name].stalled = true;
      this.#flows[name].from.pause();
    }
  }

  resume() {
    for (const flow of Object.values(this.#flows)) {
      flow.stalled = false;
      flow.from.resume();
    }
  }

  /** The end of one direction; what its sender still sends is thrown away. */
  halfClose(direction) {
    this.#flows[direction].ended = true;
    this.#flows[direction].to.end();
  }

  destroy() {
    this.client.destroy();
    this.relay.destroy();
  }

  #start(direction) {
    const flow = this.#flows[direction];
    const { from, to } = flow;
    from.on('data', (bytes) => this.#pass(direction, flow, bytes));
    from.on('end', () => !flow.ended && to.end());
    from.on('drain', () => this.#onDrain(from));
    from.on('error', () => !this.#parted && reset(to));
    from.on('close', () => {
      if (this.client.destroyed && this.relay.destroyed) this.onClosed();
    });
  }

  #pass(direction, flow, bytes) {
    if (flow.ended) return;
    const passing = this.#proxy.budget(direction, bytes.length);
    const taken = flow.to.destroyed || flow.to.write(bytes.subarray(0, passing));
    this.#proxy.springTrap(this);
    if (passing < bytes.length && !flow.from.destroyed) flow.from.unshift(bytes.subarray(passing));
    if (!taken) flow.from.pause();
  }

  /** `socket` has room again for what flows to it. */
  #onDrain(socket) {
    const flow = Object.values(this.#flows).find(({ to }) => to === socket);
    if (!flow.stalled) flow.from.resume();
  }
}
