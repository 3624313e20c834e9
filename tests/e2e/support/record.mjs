// Waiting without sleeping: a Record keeps everything that arrived, and whoever waits is told when it arrives.

import assert from 'node:assert/strict';

export const PATIENCE_MS = Number(process.env.E2E_PATIENCE_MS ?? 10_000);

/** The promise's value, or a failure that says what did not happen in time. */
export function within(promise, what, deadlineMs = PATIENCE_MS) {
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => {
      const detail = typeof what === 'function' ? what() : what;
      reject(new assert.AssertionError({ message: `${detail}: not within ${deadlineMs} ms` }));
    }, deadlineMs);
  });
  return Promise.race([promise, expired]).finally(() => clearTimeout(timer));
}

/** For what nobody announces (a gauge, a port): asks until the answer is truthy. */
export async function eventually(ask, what, { deadlineMs = PATIENCE_MS, everyMs = 20 } = {}) {
  const deadline = Date.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) {
      assert.fail(`${typeof what === 'function' ? what() : what}: not within ${deadlineMs} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

/** For clocks that are the subject of the test, such as a token's `exp`. */
export const untilTime = (epochMs) => new Promise((resolve) => setTimeout(resolve, Math.max(0, epochMs - Date.now())));

/** Items in the text of a failure: bytes as text, and not too long. */
const show = (items) =>
  JSON.stringify(items, (_, value) =>
    value?.type === 'Buffer' ? `${Buffer.from(value.data)}`.slice(0, 120) : value,
  ).slice(0, 700);

/** Everything that came, in order, from one source. */
export class Record {
  items = [];
  ended = false;
  #waiting = new Set();
  #followers = [];

  constructor(name) {
    this.name = name;
  }

  add(item) {
    this.items.push(item);
    for (const { onItem } of this.#followers) onItem(item);
    this.#wake();
  }

  /** Nothing comes any more: whoever still waits fails now and not at the deadline. */
  end() {
    this.ended = true;
    for (const { onEnd } of this.#followers) onEnd();
    this.#wake();
  }

  /** Calls `onItem` for what has come and for what will come, then `onEnd`. */
  follow(onItem, onEnd = () => {}) {
    this.items.forEach(onItem);
    if (this.ended) onEnd();
    this.#followers.push({ onItem, onEnd });
  }

  all(matches = () => true) {
    return this.items.filter(matches);
  }

  /** The first item that matches, whether it has come or is still to come. */
  async first(matches = () => true, what = 'an item', deadlineMs = PATIENCE_MS) {
    return (await this.atLeast(1, matches, what, deadlineMs))[0];
  }

  /** The items that match, as soon as there are `count` of them. */
  atLeast(count, matches = () => true, what = 'items', deadlineMs = PATIENCE_MS) {
    const story = () => {
      const tail = show(this.items.slice(-5));
      return `${this.name}: ${what} (${this.all(matches).length} of ${count}; last of ${this.items.length}: ${tail})`;
    };
    let wake;
    const promise = new Promise((resolve, reject) => {
      let seen = 0;
      const found = [];
      wake = () => {
        for (; seen < this.items.length; seen++) if (matches(this.items[seen])) found.push(this.items[seen]);
        if (found.length >= count) resolve(found);
        else if (this.ended) reject(new assert.AssertionError({ message: `${story()}: the source has ended` }));
      };
    });
    this.#waiting.add(wake);
    wake();
    return within(promise, story, deadlineMs).finally(() => this.#waiting.delete(wake));
  }

  /** Resolves at end(). */
  async finished(what = 'the end', deadlineMs = PATIENCE_MS) {
    let wake;
    const promise = new Promise((resolve) => {
      wake = () => this.ended && resolve();
    });
    this.#waiting.add(wake);
    wake();
    const story = () => `${this.name}: ${what} (last: ${show(this.items.slice(-3))})`;
    await within(promise, story, deadlineMs).finally(() => this.#waiting.delete(wake));
  }

  #wake() {
    for (const wake of [...this.#waiting]) wake();
  }
}
