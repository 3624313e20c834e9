import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { LatencyHistogram } from './latency_histogram.mjs';
import { mergeTimelines } from './timeline.mjs';

const PROGRAM = fileURLToPath(new URL('generator.mjs', import.meta.url));

/** The generator processes, each of which holds a share of the clients. */
export class Generators {
  #processes;

  constructor(count) {
    this.#processes = Array.from({ length: count }, () => new GeneratorProcess());
  }

  get pids() {
    return this.#processes.map((one) => one.pid);
  }

  /** Connects `clients` clients, in equal shares. */
  async open({ port, clients, rooms }) {
    const share = Math.ceil(clients / this.#processes.length);
    await this.#each('open', (index) => {
      const first = index * share;
      return { port, rooms, first, count: Math.max(0, Math.min(share, clients - first)) };
    });
  }

  /** Asks all of them the same; an array of the answers. */
  all(method, options = {}) {
    return this.#each(method, () => options);
  }

  async counts() {
    return sumUp(await this.all('counts'));
  }

  /** What happened to all clients, who should have the events 1 to `last`. */
  async report(last) {
    const reports = await this.all('report', { last });
    const merged = (name) => reports.reduce((all, one) => all.merge(one[name]), new LatencyHistogram());
    const times = (name) => reports.map((report) => report[name]).filter((time) => time !== null);
    return {
      ...sumUp(reports),
      firstReturnAt: Math.min(...times('firstReturnAt')),
      lastRecoveredAt: Math.max(...times('lastRecoveredAt')),
      lastCompleteAt: Math.max(...times('lastCompleteAt')),
      live: merged('live'),
      caughtUp: merged('caughtUp'),
      timeline: mergeTimelines(reports.map((report) => report.timeline)),
      faultTexts: reports.flatMap((report) => report.faultTexts),
    };
  }

  stop() {
    for (const one of this.#processes) one.stop();
  }

  #each(method, optionsOf) {
    return Promise.all(this.#processes.map((one, index) => one.ask(method, optionsOf(index))));
  }
}

class GeneratorProcess {
  #child = fork(PROGRAM);
  #waiting = new Map();
  #lastId = 0;
  #isStopped = false;

  constructor() {
    this.#child.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(`in a generator: ${error}`));
      else resolve(result);
    });
    this.#child.on('exit', (code, signal) => {
      if (this.#isStopped) return;
      const error = new Error(`a generator ended by itself, with status ${code}, signal ${signal}`);
      for (const { reject } of this.#waiting.values()) reject(error);
    });
  }

  get pid() {
    return this.#child.pid;
  }

  ask(method, options) {
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, method, options });
    });
  }

  stop() {
    this.#isStopped = true;
    this.#child.kill('SIGKILL');
  }
}

/** Adds the numbers of like objects, also those one level below. */
function sumUp(objects) {
  const total = {};
  for (const object of objects) {
    for (const [name, value] of Object.entries(object)) {
      if (typeof value === 'number') total[name] = (total[name] ?? 0) + value;
      else if (value?.constructor === Object) total[name] = sumUp([total[name] ?? {}, value]);
    }
  }
  return total;
}
