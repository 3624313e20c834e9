// Two servers, relays or Node's, with a Redis of their own; or one alone.

import { setTimeout as sleep } from 'node:timers/promises';
import { RedisServer } from '../../tests/e2e/support/redis_server.mjs';
import { NodePeerProcess } from './node_peer_process.mjs';
import { RelayProcess } from './relay_process.mjs';

const NODES = 2;
const READY_MS_MAX = 10_000;
const LOOK_MS = 20;
const CLUSTER_SECRET = 'bench-cluster-secret-0123456789abcdef';
const STREAM = 'socket.io'; // of both kinds, unless told otherwise

export const KINDS = ['relay', 'node'];

// How CLIENT LIST shows a Node server that hears what the others publish.
const LISTENING = { pubsub: / psub=[1-9]/, streams: / flags=b / };

export class ClusterServers {
  /** RelayProcess or NodePeerProcess. */
  nodes = [];

  #redis = null;

  /** `kind` as in KINDS; `adapter` is pubsub, streams, or none: then there is one server, and no Redis. */
  static async start(kind, adapter, { workers, settings }) {
    const servers = new ClusterServers();
    try {
      if (adapter !== 'none') await servers.#startRedis();
      const count = adapter === 'none' ? 1 : NODES;
      for (let index = 0; index < count; index++) {
        servers.nodes.push(await servers.#startNode(kind, adapter, index, { workers, settings }));
      }
      await servers.#untilReady(kind, adapter);
    } catch (error) {
      await servers.stop();
      throw error;
    }
    return servers;
  }

  get ports() {
    return this.nodes.map((node) => node.port);
  }

  get complaints() {
    return this.nodes.flatMap((node) => node.complaints);
  }

  /** Of all its servers together; Redis is not among them. */
  cpuSeconds() {
    return this.nodes.reduce((sum, node) => sum + node.cpuSeconds(), 0);
  }

  rssBytes() {
    return this.nodes.reduce((sum, node) => sum + node.memory().rssBytes, 0);
  }

  /** What Redis has used and carried so far; null without one. */
  async redisFigures() {
    if (!this.#redis) return null;
    const info = `${await this.#redis.command('INFO', 'stats')}\n${await this.#redis.command('INFO', 'cpu')}`;
    const number = (name) => Number(new RegExp(`^${name}:(\\S+)`, 'm').exec(info)[1]);
    return {
      cpuSeconds: number('used_cpu_sys') + number('used_cpu_user'),
      bytesIn: number('total_net_input_bytes'),
      bytesOut: number('total_net_output_bytes'),
    };
  }

  /** The memory that Redis needs for one entry of the stream, on the average. */
  async streamEntryBytes() {
    const bytes = await this.#redis.command('MEMORY', 'USAGE', STREAM, 'SAMPLES', 0);
    return bytes / (await this.#redis.command('XLEN', STREAM));
  }

  async stop() {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await this.#redis?.stop();
  }

  async #startRedis() {
    this.#redis = new RedisServer({});
    await this.#redis.prepare();
    await this.#redis.start();
  }

  #startNode(kind, adapter, index, { workers, settings }) {
    const redisUrl = this.#redis?.url;
    if (kind === 'node') return NodePeerProcess.start({ adapter, redisUrl });
    const shared = { REDIS_URL: redisUrl, REDIS_ADAPTER: adapter, CLUSTER_SECRET, NODE_NAME: `node-${index}` };
    return RelayProcess.start({
      settings: { WORKERS: String(workers), ...(adapter !== 'none' && shared), ...settings },
    });
  }

  async #untilReady(kind, adapter) {
    if (kind === 'relay') {
      await Promise.all(this.nodes.map((node) => node.ready()));
      return;
    }
    const deadline = performance.now() + READY_MS_MAX;
    while (adapter !== 'none' && (await this.#listening(adapter)) < NODES) {
      if (performance.now() > deadline) throw new Error('the Node servers do not listen to Redis');
      await sleep(LOOK_MS);
    }
  }

  async #listening(adapter) {
    const clients = (await this.#redis.command('CLIENT', 'LIST')).split('\n');
    return clients.filter((line) => LISTENING[adapter].test(line)).length;
  }
}
