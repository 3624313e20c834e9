// Several relays that share one Redis.

import assert from 'node:assert/strict';
import { parseMetrics, total } from './metrics_text.mjs';
import { fresh } from './names.mjs';
import { eventually } from './record.mjs';
import { startRedis } from './redis_server.mjs';
import { startLine } from './redis_line.mjs';
import { startRelay } from './relay.mjs';
import { startProxy } from './tcp_proxy.mjs';

export const ADAPTERS = ['pubsub', 'streams'];

/** Something like a test's context for what belongs together: it ends when `scope` does, the latest first. */
function scopeWithin(scope) {
  const ends = [];
  scope.after(async () => {
    const failures = [];
    for (const end of ends.reverse()) await Promise.resolve(end()).catch((error) => failures.push(error));
    if (failures.length > 0) throw failures[0];
  });
  return { after: (end) => ends.push(() => Promise.resolve().then(end)) };
}

/**
 * Relays that are ready, for as long as `scope` lasts, on a Redis of their own unless one is given. `settings` is for all
 * of them. With `proxied` each has a network of its own to Redis: `node.network`, a TcpProxy, and behind it `node.line`.
 */
export async function startCluster(scope, options = {}) {
  const { adapter = 'pubsub', nodes = 2, settings = {}, redis: given, proxied = false, redisOptions } = options;
  const own = scopeWithin(scope);
  const redis = given ?? (await startRedis(own, redisOptions));
  const cluster = new Cluster(own, redis, { adapter, settings, proxied });
  for (let index = 0; index < nodes; index++) await cluster.add();
  await cluster.ready();
  return cluster;
}

class Cluster {
  nodes = [];

  constructor(scope, redis, { adapter, settings, proxied }) {
    Object.assign(this, { scope, redis, adapter, proxied });
    this.prefix = fresh('relay-e2e');
    this.settings = { REDIS_ADAPTER: adapter, REDIS_KEY_PREFIX: this.prefix, ...settings };
  }

  /** One more relay; it need not be ready yet. */
  async add(settings = {}) {
    const index = this.nodes.length;
    this.nodes.push(null);
    return this.#start(index, settings);
  }

  /** A relay dies and comes back as another process on another port; it need not be ready yet. */
  async restart(index) {
    await this.nodes[index].kill();
    return this.#start(index);
  }

  /** Resolves when all relays, or these, say that they are ready. */
  async ready(nodes = this.nodes, deadlineMs = 20_000) {
    for (const node of nodes) await becomesReady(node, deadlineMs);
  }

  async #start(index, settings = {}) {
    const { network, line } = await this.#network(index);
    const all = { NODE_NAME: `node-${index}`, ...this.settings, ...settings };
    all.REDIS_URL ??= this.redis.urlFor(network && { port: network.port });
    const node = Object.assign(await startRelay(this.scope, all), { network, line });
    this.nodes[index] = node;
    return node;
  }

  async #network(index) {
    if (!this.proxied) return {};
    const { network, line } = this.nodes[index] ?? {};
    if (network) return { network, line };
    const newLine = await startLine(this.scope, this.redis.port);
    return { line: newLine, network: await startProxy(this.scope, newLine.port) };
  }
}

/** GET /readyz: [HTTP status, the body's `status`]. */
export async function readiness(node) {
  const response = await node.get('/readyz');
  return [response.status, response.json.status];
}

export const becomesReady = (node, deadlineMs = 20_000) =>
  eventually(async () => (await readiness(node))[0] === 200, 'GET /readyz says ready', { deadlineMs });

/** The sum of a metric's samples that have these labels, 0 if there are none. */
export async function metric(node, name, labels = {}) {
  const response = await node.get('/metrics');
  assert.equal(response.status, 200, response.text);
  return total(parseMetrics(response.text), `socket_relay_${name}`, labels);
}

/** Publishes until it is accepted: a 503 is tried again, anything else is an error. The answer of the 202. */
export async function publishUntilAccepted(node, event, deadlineMs = 20_000) {
  let answer;
  const tried = () => `a 202 for ${JSON.stringify(event)}; the last answer: ${answer?.text}`;
  await eventually(
    async () => {
      answer = await node.post(event);
      assert.ok([202, 503].includes(answer.status), answer.text);
      return answer.status === 202;
    },
    tried,
    { deadlineMs, everyMs: 50 },
  );
  return answer.json;
}

/**
 * Waits until what each node publishes reaches all clients. Those who have lost something are closed within 5 s, and miss
 * what is published before they are back.
 */
export async function reachesAllAgain(nodes, clients, room) {
  for (const node of nodes) {
    await eventually(
      async () => {
        const type = fresh('works');
        await publishUntilAccepted(node, { room, type });
        const came = clients.map((client) => client.event(type, 1000));
        return (await Promise.allSettled(came)).every(({ status }) => status === 'fulfilled');
      },
      'an event that reaches all clients',
      { deadlineMs: 30_000 },
    );
  }
}
