// A Redis with a replica, and three sentinels that make the replica the master when the master is gone.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort, launch, temporaryFolder } from './processes.mjs';
import { eventually } from './record.mjs';
import { RedisClient } from './redis_client.mjs';
import { REDIS_BIN, startRedis } from './redis_server.mjs';

const SERVICE = 'relay-master';
const SENTINELS = 3;

/** For as long as `scope` lasts. The sentinels call a master down that is silent for `downAfterMs`. */
export async function startSentinels(scope, { downAfterMs = 1000 } = {}) {
  const master = await startRedis(scope, { appendonly: true });
  const config = { 'repl-diskless-sync-delay': 0 };
  const replica = await startRedis(scope, { appendonly: true, replicaOf: master, config });
  const group = new SentinelGroup([master, replica]);
  for (let index = 0; index < SENTINELS; index++) await group.addSentinel(scope, downAfterMs);
  await group.agreed();
  return group;
}

class SentinelGroup {
  ports = [];

  constructor(servers) {
    this.servers = servers;
  }

  /** For REDIS_URL. */
  get url() {
    return `redis+sentinel://${this.ports.map((port) => `127.0.0.1:${port}`).join(',')}/${SERVICE}`;
  }

  /** What startCluster() asks of a Redis. */
  urlFor() {
    return this.url;
  }

  async addSentinel(scope, downAfterMs) {
    const [port, folder] = [await freePort(), temporaryFolder()];
    const file = path.join(folder, 'sentinel.conf');
    const lines = [
      `port ${port}`,
      'bind 127.0.0.1',
      `dir ${folder}`,
      `sentinel monitor ${SERVICE} 127.0.0.1 ${this.servers[0].port} 2`,
      `sentinel down-after-milliseconds ${SERVICE} ${downAfterMs}`,
      `sentinel failover-timeout ${SERVICE} 5000`,
    ];
    writeFileSync(file, `${lines.join('\n')}\n`);
    const { child, exited } = launch(REDIS_BIN, [file, '--sentinel'], { folder });
    scope.after(async () => {
      child.kill('SIGKILL');
      await exited;
    });
    this.ports.push(port);
  }

  /** The server that the sentinels call the master. */
  async master() {
    const ports = await Promise.all(this.ports.map((port) => masterPort(port).catch(() => null)));
    const counts = this.servers.map((server) => ports.filter((port) => port === server.port).length);
    return this.servers[counts.findIndex((count) => count === SENTINELS)];
  }

  /** Resolves with the master when all sentinels name the same one, it says so itself, and it is not `other`. */
  waitForMaster({ other, deadlineMs = 20_000 } = {}) {
    return eventually(
      async () => {
        const server = await this.master();
        if (!server || server === other) return null;
        const [role] = await server.command('ROLE').catch(() => []);
        return role === 'master' && server;
      },
      'the sentinels agree on a master',
      { deadlineMs, everyMs: 100 },
    );
  }

  /** Every sentinel knows the others and the replica: from then on they can replace the master. */
  async agreed() {
    await this.waitForMaster();
    const knows = async (port) => {
      const state = await ask(port, 'SENTINEL', 'MASTER', SERVICE).catch(() => []);
      const of = (name) => Number(state[state.indexOf(name) + 1]);
      return of('num-other-sentinels') === SENTINELS - 1 && of('num-slaves') === 1;
    };
    const all = async () => (await Promise.all(this.ports.map(knows))).every(Boolean);
    await eventually(all, 'the sentinels know each other', { deadlineMs: 20_000, everyMs: 100 });
    const linked = async () => /master_link_status:up/.test(await this.servers[1].command('INFO', 'replication'));
    await eventually(linked, 'the replica follows the master', { deadlineMs: 20_000, everyMs: 100 });
  }

  /** An orderly change of the master, while it lives; the new one. */
  async failover() {
    const before = await this.waitForMaster();
    assert.equal(await ask(this.ports[0], 'SENTINEL', 'FAILOVER', SERVICE), 'OK');
    return this.waitForMaster({ other: before });
  }

  /** The master dies; the new one, when there is one. */
  async killMaster() {
    const before = await this.waitForMaster();
    await before.kill();
    return this.waitForMaster({ other: before });
  }
}

async function ask(port, ...command) {
  const client = await RedisClient.open(port);
  try {
    return await client.command(...command);
  } finally {
    client.close();
  }
}

const masterPort = async (port) => Number((await ask(port, 'SENTINEL', 'GET-MASTER-ADDR-BY-NAME', SERVICE))[1]);
