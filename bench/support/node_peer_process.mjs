import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf, memoryOf } from './process_figures.mjs';

const PROGRAM = fileURLToPath(new URL('node_peer.mjs', import.meta.url));
const COMPLAINTS_SHOWN = 5;

/** A server of node_peer.mjs; to the bench it is what a RelayProcess is. */
export class NodePeerProcess {
  port = null;
  /** What it wrote to stderr; only the first few pieces. */
  complaints = [];

  #child;
  #ended;

  /** `adapter` is pubsub, streams or none. */
  static async start({ adapter, redisUrl = '' }) {
    const peer = new NodePeerProcess();
    await peer.#start({ REDIS_ADAPTER: adapter, REDIS_URL: redisUrl });
    return peer;
  }

  get pid() {
    return this.#child.pid;
  }

  cpuSeconds() {
    return cpuSecondsOf(this.pid);
  }

  memory() {
    return memoryOf(this.pid);
  }

  async stop() {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }

  async #start(settings) {
    const env = { PATH: process.env.PATH, NODE_ENV: 'production', ...settings };
    this.#child = fork(PROGRAM, { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    this.#child.stderr.on('data', (text) => {
      if (this.complaints.length < COMPLAINTS_SHOWN) this.complaints.push(String(text).trim());
    });
    this.#ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.port = await new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('message', ({ port }) => resolve(port));
      this.#ended.then(() => reject(new Error(`the Node server did not start: ${this.complaints.join(' ')}`)));
    });
  }
}
