// A stock client whose connection breaks.

import { StockClient } from './clients.mjs';
import { Record } from './record.mjs';
import { startProxy } from './tcp_proxy.mjs';

/** A connected client, with a proxy of its own between itself and the relay; it reconnects as soon as it can. */
export async function roam(scope, relay, options = {}) {
  const proxy = await startProxy(scope, relay.port);
  const client = new RoamingClient(proxy, options);
  scope.after(() => client.close());
  await client.connected();
  return options.mode === 'default' ? client.upgraded() : client;
}

export class RoamingClient extends StockClient {
  /** Every connect: {id, recovered}. */
  arrivals = new Record('arrivals');

  constructor(proxy, options) {
    super(proxy.url, { reconnection: true, reconnectionDelay: 10, reconnectionDelayMax: 30, ...options });
    this.proxy = proxy;
    this.socket.on('connect', () => this.arrivals.add({ id: this.socket.id, recovered: this.socket.recovered }));
  }

  /** Cuts the connection and keeps the client away; resolves when it has noticed. Options as of Tunnel.cut(). */
  async leave(options) {
    const before = this.disconnects.items.length;
    this.proxy.refuse = true;
    this.proxy.cut(options);
    await this.disconnects.atLeast(before + 1, () => true, 'the client notices the cut');
  }

  /** Lets the client in again; how it arrives: {id, recovered}. */
  async comeBack() {
    const before = this.arrivals.items.length;
    this.proxy.refuse = false;
    return (await this.arrivals.atLeast(before + 1, () => true, 'the client comes back')).at(-1);
  }

  /** [name, payload] of the events so far, without the relay's own. */
  get heard() {
    return this.events.all(({ name }) => !name.startsWith('relay:')).map(({ name, args }) => [name, args[0].payload]);
  }

  /** The relay's own events so far: [name, argument]. */
  get notices() {
    return this.events.all(({ name }) => name.startsWith('relay:')).map(({ name, args }) => [name, args[0]]);
  }
}
