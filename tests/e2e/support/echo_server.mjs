// The conformance server of examples/, started on a free port.

import assert from 'node:assert/strict';
import { ECHO_BIN, freePort, isListening, launch } from './processes.mjs';
import { eventually, within } from './record.mjs';

/** For as long as `scope` lasts; `flags` as on its command line: {'ping-interval-ms': 300}. */
export async function startEchoServer(scope, flags = {}) {
  const server = await EchoServer.start(flags);
  scope.after(() => server.stop());
  return server;
}

class EchoServer {
  output = '';
  #ended = null;

  static async start(flags) {
    const server = new EchoServer();
    server.port = await freePort();
    const all = { host: '127.0.0.1', port: server.port, ...flags };
    const args = Object.entries(all).flatMap(([name, value]) => [`--${name}`, String(value)]);
    server.process = launch(ECHO_BIN, args, {
      output: (_, text) => {
        server.output += text;
      },
    });
    server.process.exited.then((end) => {
      server.#ended = end;
    });
    await eventually(
      () => {
        assert.equal(server.#ended, null, `${ECHO_BIN} ended: ${server.output.slice(-800)}`);
        return isListening(server.port);
      },
      () => `${ECHO_BIN} listens on ${server.port}: ${server.output.slice(-300)}`,
    );
    return server;
  }

  get url() {
    return `http://127.0.0.1:${this.port}`;
  }

  async stop() {
    assert.equal(this.#ended, null, `the echo server ended by itself: ${this.output.slice(-1500)}`);
    this.process.child.kill('SIGTERM');
    try {
      await within(this.process.exited, 'the echo server ends after SIGTERM', 15_000);
    } finally {
      this.process.child.kill('SIGKILL');
    }
    assert.doesNotMatch(this.output, /Sanitizer|runtime error:/);
  }
}
