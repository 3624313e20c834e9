import { setTimeout as sleep } from 'node:timers/promises';
import { Generators } from './generators.mjs';
import { monotonicMicroseconds } from './monotonic_clock.mjs';
import { Publisher } from './publisher.mjs';
import { RelayProcess } from './relay_process.mjs';

/**
 * Starts a relay, and clients that are connected to it and spread over the rooms `room-0`, `room-1`, ... Whoever started
 * it must stop() it.
 */
export async function startBench(options, { clients, rooms, settings = {}, relayCpu = null }) {
  const relay = await RelayProcess.start({
    settings: { WORKERS: String(options.workers), ...settings, ...options.settings },
    cpu: relayCpu,
  });
  const generators = new Generators(options.generators);
  const roomNames = Array.from({ length: rooms }, (_, index) => `room-${index}`);
  const publisher = new Publisher({ port: relay.port, rooms: roomNames, paddingBytes: options.paddingBytes });
  const samples = new Samples(relay, generators);
  const stop = async () => {
    samples.stop();
    publisher.close();
    generators.stop();
    await relay.stop();
  };
  try {
    await generators.open({ port: relay.port, clients, rooms: roomNames });
  } catch (error) {
    await stop();
    throw error;
  }
  return { relay, generators, publisher, samples, roomNames, stop };
}

/** What happens over time: in the generators, and the relay's use of the processor. */
class Samples {
  rows = [];
  #relay;
  #generators;
  #startedAt = null;
  #isStopped = false;

  constructor(relay, generators) {
    this.#relay = relay;
    this.#generators = generators;
  }

  async start(stepMs) {
    this.#startedAt = monotonicMicroseconds();
    await this.#generators.all('startTimeline', { stepMs, startedAt: this.#startedAt });
    this.#sampleEvery(Math.max(stepMs, 200));
  }

  stop() {
    this.#isStopped = true;
  }

  elapsedSeconds(now = monotonicMicroseconds()) {
    return (now - this.#startedAt) / 1e6;
  }

  async #sampleEvery(milliseconds) {
    let before = { at: this.elapsedSeconds(), cpu: this.#relay.cpuSeconds() };
    for (;;) {
      await sleep(milliseconds, undefined, { ref: false });
      if (this.#isStopped) return;
      const now = { at: this.elapsedSeconds(), cpu: this.#relay.cpuSeconds() };
      this.rows.push({ at: now.at, cpuShare: (now.cpu - before.cpu) / (now.at - before.at) });
      before = now;
    }
  }
}
