// Values in buckets that are 3 % wide, so that histograms of several processes add up to one.

const STEPS_PER_OCTAVE = 32;
const BUCKETS = 32 * STEPS_PER_OCTAVE; // up to 2^32 µs, more than an hour

export class LatencyHistogram {
  count = 0;
  #buckets = new Uint32Array(BUCKETS);

  add(microseconds) {
    const bucket = Math.floor(Math.log2(Math.max(1, microseconds)) * STEPS_PER_OCTAVE);
    this.#buckets[Math.min(bucket, BUCKETS - 1)]++;
    this.count++;
  }

  /** The value below which `share` of all lie, in milliseconds; null when there are none. */
  milliseconds(share) {
    if (this.count === 0) return null;
    let left = Math.ceil(this.count * share);
    const bucket = this.#buckets.findIndex((count) => (left -= count) <= 0);
    return 2 ** ((bucket + 1) / STEPS_PER_OCTAVE) / 1000;
  }

  /** The pairs of bucket and count that are not empty: to be sent to another process, whose merge() takes them. */
  toPairs() {
    const pairs = [];
    this.#buckets.forEach((count, bucket) => count > 0 && pairs.push([bucket, count]));
    return pairs;
  }

  merge(pairs) {
    for (const [bucket, count] of pairs) {
      this.#buckets[bucket] += count;
      this.count += count;
    }
    return this;
  }
}
