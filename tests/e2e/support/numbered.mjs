// Numbered events over a cluster, and what a client saw of them: lost, doubled, reordered, and which losses it was told.

import assert from 'node:assert/strict';
import { fresh } from './names.mjs';
import { eventually } from './record.mjs';

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Publishes numbers into a room, one after the other, each with a nonce and again and again until there is a 202. */
export class NumberedPublisher {
  name = fresh('publisher');
  /** How many there are so far; all of them, after run(), were accepted. */
  count = 0;
  /** How many attempts were answered otherwise, or not at all. */
  repeats = 0;
  /** Numbers of which an attempt may or may not have fanned out, as far as its publisher was told. */
  doubtful = new Set();

  constructor(room, { type = 'number', deadlineMs = 40_000 } = {}) {
    Object.assign(this, { room, type, deadlineMs });
  }

  /** `nodes()` are the relays of this moment, one of which `random` picks for each attempt. */
  async run(nodes, random, isOver, { restMs = 10 } = {}) {
    while (!isOver()) {
      await this.#publish(nodes, random);
      await pause(random.between(0, restMs));
    }
  }

  async #publish(nodes, random) {
    const payload = { publisher: this.name, number: this.count };
    const event = { room: this.room, type: this.type, payload, nonce: `${this.name}-${this.count}` };
    const deadline = Date.now() + this.deadlineMs;
    let answer;
    for (;;) {
      answer = await random
        .pick(nodes())
        .post(event)
        .catch(() => null);
      if (answer?.status === 202) break;
      // Nothing else may happen to a good event: a relay that is gone, or a bus that is.
      assert.ok(answer === null || answer.status === 503, answer?.text);
      assert.ok(Date.now() < deadline, `number ${this.count} is not accepted; last answer: ${answer?.text}`);
      if (answer?.json.outcome !== 'not_done') this.doubtful.add(this.count);
      this.repeats++;
      await pause(random.between(20, 60));
    }
    this.count++;
  }
}

/** Publishers at work: until each has so many more, or until they are to end. */
export function publishing(publishers, nodes, random) {
  let isOver = false;
  const runs = publishers.map((publisher) =>
    publisher.run(
      () => nodes,
      random.fork(),
      () => isOver,
    ),
  );
  return {
    more(count, deadlineMs = 20_000) {
      const enough = publishers.map((publisher) => publisher.count + count);
      const all = () => publishers.every((publisher, index) => publisher.count >= enough[index]);
      return eventually(all, `${count} more publishes of each`, { deadlineMs });
    },
    async end() {
      isOver = true;
      await Promise.all(runs);
    },
  };
}

/** How long after a loss the client must know: relays spread their closing over 5 s. */
const TOLD_WITHIN_MS = 8000;

/** What a RoamingClient was told, in order: numbers, and the moments at which it learned that something may be missing. */
export class NumberedReader {
  #story = [];

  constructor(client) {
    this.client = client;
    // The client may have connected before.
    let isFirst = client.arrivals.items.length === 0;
    client.socket.on('connect', () => {
      if (!isFirst && !client.socket.recovered) this.#story.push({ gap: 'not recovered', at: Date.now() });
      isFirst = false;
    });
    client.events.follow(({ name, args }) => {
      if (name === 'relay:gap') this.#story.push({ gap: name, at: Date.now() });
      if (args[0]?.payload?.publisher) this.#story.push({ ...args[0].payload, at: Date.now() });
    });
  }

  get gaps() {
    return this.#story.filter(({ gap }) => gap).length;
  }

  /** Of one publisher: numbers doubled, reordered, lost, and lost without a word. */
  tally(publisher) {
    const result = { doubled: [], reordered: [], lost: [], lostSilently: [] };
    const seen = new Set();
    let last = { number: -1, index: -1 };
    for (const [index, { publisher: name, number, at }] of this.#story.entries()) {
      if (name !== publisher.name) continue;
      if (seen.has(number)) result.doubled.push(number);
      else if (number < last.number) result.reordered.push(number);
      else {
        this.#countLost(result, last, { number, at });
        last = { number, index };
      }
      seen.add(number);
    }
    this.#countLost(result, last, { number: publisher.count, at: Infinity });
    return result;
  }

  /** For the text of a failure: what came of a publisher around this number, and every gap, with the time of each. */
  around(publisher, number) {
    const isNear = (entry) => entry.gap || (entry.publisher === publisher.name && Math.abs(entry.number - number) <= 2);
    const near = this.#story.filter(isNear).map(({ gap, number: which, at }) => `${gap ?? which} at ${at}`);
    return `number ${number} of ${publisher.name}: ${near.join(', ')}`;
  }

  /** Everything between two numbers that came one after the other. */
  #countLost({ lost, lostSilently }, last, next) {
    const missing = Array.from({ length: next.number - last.number - 1 }, (_, index) => last.number + 1 + index);
    if (missing.length === 0) return;
    const isTold = this.#story.slice(last.index + 1).some(({ gap, at }) => gap && at <= next.at + TOLD_WITHIN_MS);
    lost.push(...missing);
    if (!isTold) lostSilently.push(...missing);
  }
}
