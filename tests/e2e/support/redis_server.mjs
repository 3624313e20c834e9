// A Redis server of a test's own, and what can befall it.

import assert from 'node:assert/strict';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { freePort, launch, run, temporaryFolder } from './processes.mjs';
import { eventually, within } from './record.mjs';
import { RedisClient } from './redis_client.mjs';

export const REDIS_BIN = process.env.REDIS_BIN ?? 'redis-server';

/**
 * Starts redis-server on a free port and in a folder of its own, for as long as `scope` lasts. Options: `password`;
 * `users`, lines of an ACL (`alice on >secret ~* &* +@all`); `appendonly`: what it has answered survives a kill; `tls`:
 * with a certificate for 127.0.0.1, whose file is `certificate`; `replicaOf`, another such server; `config`, further
 * lines as {name: value}.
 */
export async function startRedis(scope, options = {}) {
  const server = new RedisServer(options);
  await server.prepare();
  scope.after(() => server.stop());
  await server.start();
  return server;
}

/** A self-signed certificate for 127.0.0.1 in the folder: paths of it and of its key. */
async function makeCertificate(folder) {
  const [certificate, key] = ['certificate.pem', 'key.pem'].map((name) => path.join(folder, name));
  const made = await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
    ...['-out', certificate, '-keyout', key],
  ]);
  assert.equal(made.code, 0, made.stderr);
  return { certificate, key };
}

export class RedisServer {
  output = '';
  #ended = null;
  #stopping = false;
  #files = null;

  constructor(options) {
    this.options = options;
    this.folder = temporaryFolder();
  }

  async prepare() {
    this.port = await freePort();
    if (this.options.tls) this.#files = await makeCertificate(this.folder);
  }

  /** For REDIS_URL; of a user of `users` if one is named. */
  urlFor({ user = '', password = this.options.password, port = this.port } = {}) {
    const entry = password === undefined ? '' : `${user}:${encodeURIComponent(password)}@`;
    return `${this.options.tls ? 'rediss' : 'redis'}://${entry}127.0.0.1:${port}`;
  }

  get url() {
    return this.urlFor();
  }

  /** The file of the certificate that whoever connects must trust. */
  get certificate() {
    return this.#files?.certificate;
  }

  /** Another client; options as of RedisClient.open(). */
  client(options = {}) {
    const trusted = this.#files && { ca: readFileSync(this.#files.certificate) };
    return RedisClient.open(this.port, { password: this.options.password, tls: trusted, ...options });
  }

  /** One command on a connection of its own. */
  async command(...args) {
    const client = await this.client();
    try {
      return await client.command(...args);
    } finally {
      client.close();
    }
  }

  async start() {
    this.#ended = null;
    this.process = launch(REDIS_BIN, this.#arguments(), {
      folder: this.folder,
      output: (_, text) => {
        this.output = (this.output + text).slice(-4000);
      },
    });
    this.process.exited.then((end) => {
      this.#ended = end;
    });
    await eventually(
      () => {
        assert.equal(this.#ended, null, `${REDIS_BIN} ended (${this.#ended?.error?.message}): ${this.output}`);
        return this.#answers();
      },
      () => `${REDIS_BIN} answers on ${this.port}: ${this.output.slice(-500)}`,
    );
  }

  /** Ends it at once, as a crash does. */
  async kill() {
    this.process.child.kill('SIGKILL');
    await within(this.process.exited, 'the end of Redis');
  }

  /** Connections stay and are taken, nothing is answered. */
  freeze() {
    this.process.child.kill('SIGSTOP');
  }

  thaw() {
    this.process.child.kill('SIGCONT');
  }

  /** Starts it again, on the same port: with what it had written (see `appendonly`), or empty. */
  async restart({ empty = !this.options.appendonly } = {}) {
    if (!this.#ended) await this.kill();
    if (empty) {
      for (const name of ['appendonlydir', 'dump.rdb']) {
        rmSync(path.join(this.folder, name), { recursive: true, force: true });
      }
    }
    await this.start();
  }

  async stop() {
    if (this.#stopping) return;
    this.#stopping = true;
    if (this.process && !this.#ended) await this.kill();
  }

  async #answers() {
    const client = await this.client().catch(() => null);
    try {
      return (await client?.command('PING')) === 'PONG';
    } catch {
      return false;
    } finally {
      client?.close();
    }
  }

  #arguments() {
    const { password, users = [], appendonly, replicaOf, config = {} } = this.options;
    const lines = { port: this.port, bind: '127.0.0.1', dir: this.folder, save: '', 'enable-debug-command': 'yes' };
    if (appendonly) Object.assign(lines, { appendonly: 'yes', appendfsync: 'always' });
    if (password !== undefined) Object.assign(lines, { requirepass: password, masterauth: password });
    if (replicaOf) lines.replicaof = ['127.0.0.1', replicaOf.port];
    if (this.#files) {
      const { certificate, key } = this.#files;
      Object.assign(lines, { port: 0, 'tls-port': this.port, 'tls-cert-file': certificate, 'tls-key-file': key });
      Object.assign(lines, { 'tls-ca-cert-file': certificate, 'tls-auth-clients': 'no' });
    }
    const words = Object.entries({ ...lines, ...config }).flatMap(([name, value]) => [`--${name}`, value].flat());
    return [...words, ...users.flatMap((user) => ['--user', ...user.split(' ')])].map(String);
  }
}
