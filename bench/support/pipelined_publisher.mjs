import { eventJson } from './bench_event.mjs';
import { monotonicMicroseconds } from './monotonic_clock.mjs';
import { PipelinedConnection } from './pipelined_connection.mjs';

/** Publishes batches without waiting for the answers, which must be 202 all the same. */
export class PipelinedPublisher {
  /** How many events were sent. */
  published = 0;

  #roomsJson;
  #padding;
  #connection;

  constructor({ port, rooms, paddingBytes }) {
    this.#roomsJson = JSON.stringify(rooms);
    this.#padding = 'x'.repeat(paddingBytes);
    this.#connection = new PipelinedConnection(port);
  }

  /** How many requests are without an answer. */
  get unanswered() {
    return this.#connection.unanswered;
  }

  /** Throws what went wrong with an earlier one. */
  publishBatch(count) {
    const events = [];
    const now = monotonicMicroseconds();
    for (let i = 0; i < count; i++) events.push(eventJson(this.#roomsJson, ++this.published, now, this.#padding));
    this.#connection.post(`[${events.join(',')}]`);
  }
}
