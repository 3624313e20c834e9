// Chance that can be had again: a failure names its seed, and E2E_SEED sets it.

/** Numbers of the generator mulberry32: not for secrets. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, not including, 1. */
  next() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number, both ends included. */
  between(least, most) {
    return least + Math.floor(this.next() * (most - least + 1));
  }

  /** The same, but 1 to 10 is as likely as 1000 to 10000. */
  magnitude(least, most) {
    return Math.min(most, Math.floor(least * (most / least) ** this.next()));
  }

  pick(list) {
    return list[this.between(0, list.length - 1)];
  }

  /** Whether something that happens `share` of the time happens now. */
  chance(share) {
    return this.next() < share;
  }

  /** Another generator, so that what one party draws does not depend on when the others draw. */
  fork() {
    return new Random(this.between(0, 0xffffffff));
  }
}

/** Runs `body(random)`; when it fails, the failure says how to repeat it. */
export async function withSeed(body) {
  const seed = Number(process.env.E2E_SEED ?? Math.floor(Math.random() * 2 ** 32));
  try {
    return await body(new Random(seed));
  } catch (error) {
    throw new Error(`with E2E_SEED=${seed}: ${error.message}`, { cause: error });
  }
}
