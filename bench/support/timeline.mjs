import { LatencyHistogram } from './latency_histogram.mjs';

/** What happened in each step of time. */
export class Timeline {
  #stepMs;
  #startedAt;
  #rows = [];

  /** `startedAt` in microseconds of the monotonic clock. */
  constructor(stepMs, startedAt) {
    this.#stepMs = stepMs;
    this.#startedAt = startedAt;
  }

  /** The row of this moment, to be counted in. `connected` and `complete` are levels: the last one counts. */
  row(now) {
    const index = Math.max(0, Math.floor((now - this.#startedAt) / 1000 / this.#stepMs));
    return (this.#rows[index] ??= {
      connected: null,
      complete: null,
      reconnects: 0,
      caughtUp: 0,
      live: new LatencyHistogram(),
    });
  }

  toRows() {
    return Array.from(this.#rows, (row) => row && { ...row, live: row.live.toPairs() });
  }
}

/** One list of rows from those of several processes; a level that did not change in a step is that of the step before. */
export function mergeTimelines(timelines) {
  const length = Math.max(0, ...timelines.map((rows) => rows.length));
  const merged = [];
  const levels = timelines.map(() => ({ connected: 0, complete: 0 }));
  for (let index = 0; index < length; index++) {
    const row = { connected: 0, complete: 0, reconnects: 0, caughtUp: 0, live: new LatencyHistogram() };
    timelines.forEach((rows, which) => {
      const part = rows[index];
      const level = levels[which];
      level.connected = part?.connected ?? level.connected;
      level.complete = part?.complete ?? level.complete;
      row.connected += level.connected;
      row.complete += level.complete;
      row.reconnects += part?.reconnects ?? 0;
      row.caughtUp += part?.caughtUp ?? 0;
      row.live.merge(part?.live ?? []);
    });
    merged.push(row);
  }
  return merged;
}
