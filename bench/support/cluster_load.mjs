// The clients of a cluster and those who publish to it. Each room has one client at each node. Each room has one
// publisher, which publishes to its rooms in turn; so a client gets the numbers 1, 2, 3, ... of its room, in order.
//
// All are in this process, which does nothing while it waits: how busy it was is a figure, too.

import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventJson } from './bench_event.mjs';
import { LatencyHistogram } from './latency_histogram.mjs';
import { monotonicMicroseconds } from './monotonic_clock.mjs';
import { PipelinedConnection } from './pipelined_connection.mjs';
import { RelayClient } from './relay_client.mjs';
import { mintToken } from './tokens.mjs';

const LOOK_MS = 2;
const CONNECT_MS_MAX = 20_000;
const FAULTS_SHOWN = 5;

export class ClusterLoad {
  #members = [];
  #publishers = [];
  #settleMs;

  /**
   * Connects everyone. `ports` has one for each node; of `publishers` each node gets the same share; `payloadBytes` is
   * the length of each payload.
   */
  static async open({ ports, rooms, publishers, payloadBytes, settleMs }) {
    const load = new ClusterLoad();
    load.#settleMs = settleMs;
    for (let index = 0; index < publishers; index++) {
      const node = index % ports.length;
      load.#publishers.push(new RoomsPublisher({ port: ports[node], node, membersEach: ports.length, payloadBytes }));
    }
    for (let index = 0; index < rooms; index++) {
      const publisher = load.#publishers[index % publishers];
      const room = publisher.addRoom(`room-${index}`);
      ports.forEach((port, node) => load.#members.push(new Member({ port, node, room, publisher })));
    }
    const connected = () => load.#members.every((member) => member.isConnected);
    if (await until(connected, CONNECT_MS_MAX)) return load;
    load.close();
    throw new Error(`not all clients could connect; ${load.report().faultTexts.join('; ')}`);
  }

  /**
   * Publishes as fast as all is delivered: each publisher has at most `window` events under way, which are those
   * without an answer or not yet with all clients. The time goes on until the last delivery.
   */
  async saturate({ seconds, window, batch }) {
    const before = this.#published();
    const cpuBefore = process.cpuUsage();
    const startedAt = monotonicMicroseconds();
    for (const publisher of this.#publishers) publisher.start({ window, batch });
    await sleep(seconds * 1000);
    for (const publisher of this.#publishers) publisher.stop();
    const stoppedAt = monotonicMicroseconds();
    const settled = await this.#settle();
    const { user, system } = process.cpuUsage(cpuBefore);
    const lastAt = Math.max(stoppedAt, ...this.#members.map((member) => member.lastEventAt));
    return {
      published: this.#published() - before,
      seconds: (lastAt - startedAt) / 1e6,
      cpuSeconds: (user + system) / 1e6,
      settled,
    };
  }

  /**
   * Publishes `rate` single events a second, all publishers in turn. Returns the times from just before the request is
   * written until the client has the event: of clients at the publisher's node, and of those elsewhere.
   */
  async trickle({ rate, seconds }) {
    const before = this.#published();
    const times = { same: new LatencyHistogram(), other: new LatencyHistogram() };
    for (const member of this.#members) member.times = member.isAtPublisher ? times.same : times.other;
    const startedAt = performance.now();
    for (let index = 0; index < rate * seconds; index++) {
      const wait = startedAt + (index * 1000) / rate - performance.now();
      if (wait > 0) await sleep(wait);
      this.#publishers[index % this.#publishers.length].publish();
    }
    const settled = await this.#settle();
    for (const member of this.#members) member.times = null;
    return { published: this.#published() - before, settled, ...times };
  }

  /** What became of all events so far. */
  report() {
    const sum = (number) => this.#members.reduce((total, member) => total + number(member), 0);
    return {
      published: this.#published(),
      deliveries: sum((member) => member.room.published),
      lost: sum((member) => member.check.lost(member.room.published)),
      doubled: sum((member) => member.check.doubled),
      reordered: sum((member) => member.check.reordered),
      gaps: sum((member) => member.gaps),
      faults: sum((member) => member.faults.length),
      faultTexts: this.#members.flatMap((member) => member.faults).slice(0, FAULTS_SHOWN),
    };
  }

  close() {
    for (const publisher of this.#publishers) publisher.close();
    for (const member of this.#members) member.close();
  }

  #published() {
    return this.#publishers.reduce((sum, publisher) => sum + publisher.published, 0);
  }

  async #settle() {
    const settled = await until(() => this.#publishers.every((publisher) => publisher.isSettled), this.#settleMs);
    for (const publisher of this.#publishers) {
      if (publisher.error) throw publisher.error;
      publisher.giveUp();
    }
    return settled;
  }
}

/** One client, and the listener of it. */
class Member {
  /** The LatencyHistogram that gets its times, or null. */
  times = null;
  lastEventAt = 0;
  gaps = 0;
  faults = [];

  #client;
  #publisher;

  constructor({ port, node, room, publisher }) {
    this.room = room;
    this.#publisher = publisher;
    this.isAtPublisher = node === publisher.node;
    const token = mintToken(`account-${room.name}-${node}`, room.name);
    this.#client = new RelayClient({ port, localAddress: '127.0.0.1', token, listener: this });
    this.#client.connect();
  }

  get isConnected() {
    return this.#client.isConnected;
  }

  get check() {
    return this.#client.check;
  }

  close() {
    if (!this.#client.isAway) this.#client.cut('fin');
  }

  onConnected() {}

  onEvent(_client, _number, publishedAt) {
    this.lastEventAt = monotonicMicroseconds();
    this.times?.add(this.lastEventAt - publishedAt);
    this.#publisher.onDelivery();
  }

  onRelayEvent(_client, name) {
    if (name === 'relay:gap') this.gaps++;
  }

  onClosed(_client, reason) {
    this.faults.push(`the connection of a client ended: ${reason}`);
  }

  onFault(_client, what) {
    this.faults.push(what);
  }
}

/** Publishes over one connection to several rooms in turn. */
class RoomsPublisher {
  /** How many events were sent. */
  published = 0;

  #rooms = [];
  #nextRoom = 0;
  #connection;
  #payloadBytes;
  #deliveries = 0;
  #expected = 0;
  #membersEach;
  #window = 0;
  #batch = 1;
  #isFilling = false;

  constructor({ port, node, membersEach, payloadBytes }) {
    this.node = node;
    this.#membersEach = membersEach;
    this.#payloadBytes = payloadBytes;
    this.#connection = new PipelinedConnection(port, () => this.#fillSoon());
  }

  get error() {
    return this.#connection.error;
  }

  /** Whether all is answered and delivered, or nothing is to be hoped for any more. */
  get isSettled() {
    return this.error !== null || (this.#connection.unanswered === 0 && this.#deliveries >= this.#expected);
  }

  addRoom(name) {
    const room = { name, json: JSON.stringify([name]), published: 0 };
    this.#rooms.push(room);
    return room;
  }

  onDelivery() {
    this.#deliveries++;
    this.#fillSoon();
  }

  /** From now on there are as many events under way as the window allows, in requests of `batch` events. */
  start({ window, batch }) {
    this.#window = window;
    this.#batch = batch;
    this.#fillSoon();
  }

  stop() {
    this.#window = 0;
  }

  /** Waits no more for what has not come: it is lost, and must not hold up what follows. */
  giveUp() {
    this.#expected = this.#deliveries;
  }

  publish() {
    this.#connection.post(this.#nextEvent());
  }

  close() {
    this.#window = 0;
    this.#connection.close();
  }

  /** Once in a turn, however many answers and deliveries it brings. */
  #fillSoon() {
    if (this.#isFilling || this.#window === 0) return;
    this.#isFilling = true;
    setImmediate(() => {
      this.#isFilling = false;
      if (this.error === null) this.#connection.together(() => this.#fill());
    });
  }

  #fill() {
    while (this.#underWay() + this.#batch <= this.#window) {
      if (this.#batch === 1) {
        this.publish();
        continue;
      }
      this.#connection.post(`[${Array.from({ length: this.#batch }, () => this.#nextEvent()).join(',')}]`);
    }
  }

  #underWay() {
    const undelivered = (this.#expected - this.#deliveries) / this.#membersEach;
    return Math.max(this.#connection.unanswered * this.#batch, undelivered);
  }

  #nextEvent() {
    const room = this.#rooms[this.#nextRoom];
    this.#nextRoom = (this.#nextRoom + 1) % this.#rooms.length;
    this.published++;
    this.#expected += this.#membersEach;
    const number = ++room.published;
    const now = Math.floor(monotonicMicroseconds());
    return eventJson(room.json, number, now, paddingFor(this.#payloadBytes, number, now));
  }
}

const unpadded = '{"number":,"publishedAt":,"padding":""}'.length;

/** So that the payload is of so many bytes, or as short as it can be. */
function paddingFor(payloadBytes, number, publishedAt) {
  const length = unpadded + String(number).length + String(publishedAt).length;
  return 'x'.repeat(Math.max(0, payloadBytes - length));
}

/** Whether the condition became true in time. */
async function until(condition, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) return false;
    await sleep(LOOK_MS);
  }
  return true;
}
