// The clients of one generator process, and what happened to them.

import { setTimeout as sleep } from 'node:timers/promises';
import { LatencyHistogram } from './latency_histogram.mjs';
import { monotonicMicroseconds } from './monotonic_clock.mjs';
import { RelayClient } from './relay_client.mjs';
import { Timeline } from './timeline.mjs';
import { mintToken } from './tokens.mjs';

// So many source addresses, because an address has only some 28,000 ports, and a port rests for a minute when its
// client was the first to close.
const SOURCE_ADDRESSES = 32;
const CONNECTING_AT_ONCE = 200;
const CONNECT_TIMEOUT_MS = 20_000; // as the stock client's
const LOOK_MS = 5;
const EARLY_ONE_IN = 10;
const EARLY_MS = 30;
const FAULTS_SHOWN = 5;

export class Fleet {
  #clients = [];
  #timeline = null;
  #connecting = 0;
  #cutting = null;
  #returnMs = 1000;
  #target = Infinity;
  #firstReturnAt = null;
  #lastRecoveredAt = null;
  #lastCompleteAt = null;
  #live = new LatencyHistogram();
  #caughtUp = new LatencyHistogram();
  #faultTexts = [];
  #counts = {
    connected: 0,
    events: 0,
    reconnects: 0,
    recovered: 0,
    complete: 0,
    cuts: { fin: 0, rst: 0, silent: 0 },
    cutsEarly: 0,
    closedByRelay: 0,
    stuck: 0,
    faults: 0,
    gaps: 0,
    syncs: 0,
  };

  get counts() {
    return this.#counts;
  }

  get clients() {
    return this.#clients;
  }

  /** Connects the clients `first`..`first + count - 1`, each to the room of its number; returns when all are there. */
  async open({ port, first, count, rooms }) {
    for (let id = first; id < first + count; id++) {
      const localAddress = `127.0.0.${2 + (id % SOURCE_ADDRESSES)}`;
      const token = mintToken(`account-${id}`, rooms[id % rooms.length]);
      this.#clients.push(new RelayClient({ port, localAddress, token, listener: this }));
    }
    setInterval(() => this.#reconnectTheStuck(), 1000).unref();
    for (const client of this.#clients) {
      await until(() => this.#connecting < CONNECTING_AT_ONCE);
      this.#return(client);
    }
    await until(() => this.#counts.connected === this.#clients.length);
  }

  startTimeline({ stepMs, startedAt }) {
    this.#timeline = new Timeline(stepMs, startedAt);
  }

  /**
   * From now on cuts each client `everyMs` after it connected (±20 %); it returns within `returnMs`. One return in
   * EARLY_ONE_IN is cut as well, within EARLY_MS: it may have asked for recovery by then, or have been recovered.
   */
  startCutting({ everyMs, returnMs, kinds }) {
    this.#cutting = { everyMs, kinds };
    this.#returnMs = returnMs;
    for (const client of this.#clients) this.#cutIn(client, Math.random() * everyMs);
  }

  stopCutting() {
    this.#cutting = null;
  }

  cutAll({ kinds }) {
    for (const client of this.#clients) this.#cut(client, kinds);
  }

  /** All that are away return, spread over `withinMs`. A client is complete when it has the number `target`. */
  returnAll({ withinMs, target }) {
    this.#target = target;
    this.#counts.complete = 0;
    this.#firstReturnAt = null;
    for (const client of this.#clients) {
      if (client.isAway) setTimeout(() => this.#return(client), Math.random() * withinMs);
    }
  }

  /** Waits until every client is connected and has come as far as `last`, or the time is over. */
  async settle({ last, timeoutMs }) {
    const deadline = monotonicMicroseconds() + timeoutMs * 1000;
    const settled = () => this.#clients.every((client) => client.isConnected && client.check.highest >= last);
    await until(() => settled() || monotonicMicroseconds() > deadline);
    return settled();
  }

  report({ last }) {
    const sum = (number) => this.#clients.reduce((total, client) => total + number(client), 0);
    return {
      ...this.#counts,
      lost: sum((client) => client.check.lost(last)),
      doubled: sum((client) => client.check.doubled),
      reordered: sum((client) => client.check.reordered),
      firstReturnAt: this.#firstReturnAt,
      lastRecoveredAt: this.#lastRecoveredAt,
      lastCompleteAt: this.#lastCompleteAt,
      live: this.#live.toPairs(),
      caughtUp: this.#caughtUp.toPairs(),
      timeline: this.#timeline?.toRows() ?? [],
      faultTexts: this.#faultTexts,
    };
  }

  onConnected(client, { again, recovered }) {
    this.#connecting--;
    this.#counts.connected++;
    const row = this.#timeline?.row(client.connectedAt);
    if (row) row.connected = this.#counts.connected;
    if (again) {
      this.#counts.reconnects++;
      if (row) row.reconnects++;
      if (recovered) {
        this.#counts.recovered++;
        this.#lastRecoveredAt = client.connectedAt;
      }
    }
    if (this.#cutting) this.#cutIn(client, this.#cutting.everyMs * (0.8 + 0.4 * Math.random()));
  }

  onEvent(client, number, publishedAt) {
    this.#counts.events++;
    const now = monotonicMicroseconds();
    const isLive = publishedAt >= client.connectedAt;
    (isLive ? this.#live : this.#caughtUp).add(now - publishedAt);
    if (number === this.#target) {
      this.#counts.complete++;
      this.#lastCompleteAt = now;
    }
    const row = this.#timeline?.row(now);
    if (!row) return;
    row.connected = this.#counts.connected;
    row.complete = this.#counts.complete;
    if (isLive) row.live.add(now - publishedAt);
    else row.caughtUp++;
  }

  onRelayEvent(_client, name, argument) {
    if (name === 'relay:gap') this.#counts.gaps++;
    else if (name === 'relay:sync') this.#counts.syncs++;
    else this.#showFault(`${name} ${JSON.stringify(argument)}`);
  }

  onClosed(client, reason, wasConnected) {
    this.#countLeaving(wasConnected);
    this.#counts.closedByRelay++;
    this.#showFault(`connection ended: ${reason}`);
    this.#returnSoon(client);
  }

  onFault(_client, what) {
    this.#counts.faults++;
    this.#showFault(what);
  }

  #cutIn(client, milliseconds) {
    const attempt = client.connectingSince;
    setTimeout(() => {
      if (!this.#cutting || client.isAway || client.connectingSince !== attempt) return;
      this.#cut(client, this.#cutting.kinds);
      this.#returnSoon(client);
    }, milliseconds);
  }

  #cut(client, kinds) {
    if (client.isAway) return;
    if (!client.isConnected) this.#counts.cutsEarly++;
    const kind = kinds[Math.floor(Math.random() * kinds.length)];
    this.#counts.cuts[kind]++;
    this.#countLeaving(client.isConnected);
    client.cut(kind);
  }

  #returnSoon(client) {
    setTimeout(() => this.#return(client), Math.random() * this.#returnMs);
  }

  #return(client) {
    if (!client.isAway) return;
    this.#firstReturnAt ??= monotonicMicroseconds();
    this.#connecting++;
    client.connect();
    if (this.#cutting && Math.random() < 1 / EARLY_ONE_IN) this.#cutIn(client, Math.random() * EARLY_MS);
  }

  #reconnectTheStuck() {
    const latest = monotonicMicroseconds() - CONNECT_TIMEOUT_MS * 1000;
    for (const client of this.#clients) {
      if (client.isAway || client.isConnected || client.connectingSince > latest) continue;
      this.#countLeaving(false);
      client.cut('rst');
      this.#counts.stuck++;
      this.#returnSoon(client);
    }
  }

  #countLeaving(wasConnected) {
    if (!wasConnected) {
      this.#connecting--;
      return;
    }
    this.#counts.connected--;
    const row = this.#timeline?.row(monotonicMicroseconds());
    if (row) row.connected = this.#counts.connected;
  }

  #showFault(text) {
    if (this.#faultTexts.length < FAULTS_SHOWN) this.#faultTexts.push(text);
  }
}

async function until(condition) {
  while (!condition()) await sleep(LOOK_MS);
}
