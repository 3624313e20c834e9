/**
 * Looks whether the numbers 1, 2, 3, ... came once each and in order. Holds one number as long as all is well, and what
 * is missing otherwise.
 */
export class SequenceCheck {
  doubled = 0;
  reordered = 0;
  #next = 1;
  #missing = null;

  /** The highest number so far. */
  get highest() {
    return this.#next - 1;
  }

  take(number) {
    if (number === this.#next) this.#next++;
    else if (number > this.#next) this.#skipTo(number);
    else if (this.#missing?.delete(number)) this.reordered++;
    else this.doubled++;
  }

  /** How many of 1..last did not come. */
  lost(last) {
    return Math.max(0, last - this.highest) + (this.#missing?.size ?? 0);
  }

  #skipTo(number) {
    this.#missing ??= new Set();
    for (let skipped = this.#next; skipped < number; skipped++) this.#missing.add(skipped);
    this.#next = number + 1;
  }
}
