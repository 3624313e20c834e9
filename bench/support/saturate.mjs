// A fan-out as fast as the relay can, to clients that can keep up with it. Reading each event in JavaScript costs several
// times what sending it costs the relay; so a few clients read and check all they get, and the others count bytes, which
// must become as many as those of the clients that read. (No pings, or they do not.)

import { setImmediate as nextTurn } from 'node:timers/promises';
import { monotonicMicroseconds } from './monotonic_clock.mjs';
import { PipelinedPublisher } from './pipelined_publisher.mjs';

const READERS = 10;
const DRAIN_MS_MAX = 30_000;

export class Saturation {
  #readers;
  #counters;
  #tally = { bytes: 0 };
  #bytesBefore;
  #publisher;

  constructor(fleet, { port, rooms, paddingBytes }) {
    this.#readers = fleet.clients.slice(0, READERS);
    this.#counters = fleet.clients.slice(READERS);
    // Each client had its own CONNECT answer.
    this.#bytesBefore = new Map(fleet.clients.map((client) => [client, client.bytes]));
    for (const client of this.#counters) client.countOnly(this.#tally);
    this.#publisher = new PipelinedPublisher({ port, rooms, paddingBytes });
  }

  /**
   * Publishes in batches for so many seconds; at most `window` events are under way. Returns how much was delivered, and
   * in which time, the last delivery included.
   */
  async round({ seconds, batch, window }) {
    const publishedBefore = this.#publisher.published;
    const startedAt = monotonicMicroseconds();
    const end = startedAt + seconds * 1e6;
    while (monotonicMicroseconds() < end) {
      await this.#until(() => this.#underWay() <= window - batch);
      this.#publisher.publishBatch(batch);
    }
    await this.#until(() => this.#isAllThere());
    const elapsed = (monotonicMicroseconds() - startedAt) / 1e6;
    const clients = this.#readers.length + this.#counters.length;
    return {
      published: this.#publisher.published,
      deliveries: (this.#publisher.published - publishedBefore) * clients,
      seconds: elapsed,
    };
  }

  /** How many clients that count had other bytes than those that read. */
  differing() {
    const expected = this.#bytesOf(this.#readers[0]);
    return this.#counters.filter((client) => this.#bytesOf(client) !== expected).length;
  }

  #underWay() {
    const { highest } = this.#readers[0].check;
    const behind = this.#bytesOf(this.#readers[0]) - this.#tally.bytes / Math.max(1, this.#counters.length);
    const bytesPerEvent = this.#bytesOf(this.#readers[0]) / Math.max(1, highest);
    return this.#publisher.published - highest + (behind > 0 ? behind / bytesPerEvent : 0);
  }

  #isAllThere() {
    if (this.#publisher.unanswered > 0) return false;
    if (this.#readers.some((client) => client.check.highest < this.#publisher.published)) return false;
    return this.#tally.bytes >= this.#bytesOf(this.#readers[0]) * this.#counters.length;
  }

  #bytesOf(client) {
    return client.bytes - this.#bytesBefore.get(client);
  }

  async #until(condition) {
    const deadline = monotonicMicroseconds() + DRAIN_MS_MAX * 1000;
    while (!condition()) {
      await nextTurn();
      if (monotonicMicroseconds() > deadline) throw new Error('deliveries do not come any more');
    }
  }
}
