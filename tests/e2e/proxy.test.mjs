// Behind a real nginx: WebSockets pass, and the relay believes forwarded addresses only from whom it is told to.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { describe } from 'node:test';
import { MODES, StockClient } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { freePort, isListening, launch, temporaryFolder } from './support/processes.mjs';
import { eventually, within } from './support/record.mjs';
import { request } from './support/raw_http.mjs';
import { startRelay } from './support/relay.mjs';
import { API_KEY } from './support/settings.mjs';
import { mint } from './support/tokens.mjs';

const NGINX = ['nginx', '/usr/sbin/nginx', '/usr/local/sbin/nginx'].find(
  (program) => !spawnSync(program, ['-v']).error,
);
const skip = NGINX ? false : 'nginx is not installed';

const configuration = (folder, port, upstream) => `
daemon off;
master_process off;
worker_processes 1;
pid ${folder}/nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  map $http_upgrade $connection_upgrade { default upgrade; '' ''; }
  upstream relay { server 127.0.0.1:${upstream}; keepalive 8; }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://relay;
      proxy_http_version 1.1;
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffering off;
      proxy_read_timeout 60s;
    }
  }
}
`;

/** nginx in front of the relay for as long as the scope lasts; its URL and port. */
async function startNginx(scope, relay) {
  const folder = temporaryFolder();
  const port = await freePort();
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) mkdirSync(path.join(folder, name));
  const file = path.join(folder, 'nginx.conf');
  writeFileSync(file, configuration(folder, port, relay.port));
  let output = '';
  const { child, exited } = launch(NGINX, ['-p', folder, '-c', file, '-e', 'stderr'], {
    folder,
    output: (_, text) => {
      output += text;
    },
  });
  scope.after(async () => {
    child.kill('SIGTERM');
    await within(exited, 'the end of nginx').finally(() => child.kill('SIGKILL'));
  });
  await eventually(
    () => isListening(port),
    () => `nginx listens (${output.slice(-500)})`,
  );
  return { port, url: `http://127.0.0.1:${port}` };
}

/** The address that the relay logged for a client that came through the proxy with these headers. */
async function loggedAddress(relay, proxy, headers = {}) {
  const session = await WebSocketSession.join(proxy.port, { token: mint(), headers });
  const line = await relay.logLine('client connected', ({ socketId }) => socketId === session.socket.sid);
  session.drop();
  return line.ip;
}

const forwardingWarnings = (relay) =>
  relay.logs.all(
    ({ level, msg, ...fields }) => level === 'warn' && /forward|TRUST_PROXY/i.test(msg + JSON.stringify(fields)),
  );

describe('without TRUST_PROXY', { skip }, () => {
  test("stock clients connect, upgrade and hear; the proxy's address is logged, and one warning in all", async (t) => {
    const relay = await startRelay(t);
    const proxy = await startNginx(t, relay);
    const room = fresh('room');
    for (const mode of Object.keys(MODES)) {
      const client = await StockClient.join(proxy.url, { mode, token: mint({ sessionId: room }) });
      if (mode === 'default') await client.upgraded();
      const answer = await request(proxy.port, 'POST', '/events', {
        headers: { 'Content-Type': 'application/json', 'X-Relay-Key': API_KEY },
        body: JSON.stringify({ room, type: `by.${mode}`, payload: mode }),
      });
      assert.deepEqual([answer.status, answer.json.recipients], [202, 1]);
      assert.equal((await client.envelope(`by.${mode}`)).payload, mode);
      client.close();
      await eventually(async () => (await relay.publish(room, 'gone')).recipients === 0, 'the client has left');
    }

    assert.equal(await loggedAddress(relay, proxy, { 'X-Forwarded-For': '203.0.113.7' }), '127.0.0.1');
    assert.equal(await loggedAddress(relay, proxy, { Forwarded: 'for=203.0.113.7' }), '127.0.0.1');
    assert.equal(forwardingWarnings(relay).length, 1, JSON.stringify(forwardingWarnings(relay)));
  });
});

describe('with TRUST_PROXY', { skip }, () => {
  const spoofed = { 'X-Forwarded-For': '203.0.113.7, 198.51.100.9' };
  const cases = {
    // The proxy appends the address it saw, 127.0.0.1, which is trusted in its turn.
    '127.0.0.0/8': '198.51.100.9',
    private: '198.51.100.9',
    '127.0.0.0/8,198.51.100.0/24': '203.0.113.7',
    1: '127.0.0.1',
    2: '198.51.100.9',
    '10.0.0.0/8': '127.0.0.1',
  };
  for (const [setting, address] of Object.entries(cases)) {
    test(`${setting}: of 203.0.113.7, 198.51.100.9, 127.0.0.1 it takes ${address}`, async (t) => {
      const relay = await startRelay(t, { TRUST_PROXY: setting });
      const proxy = await startNginx(t, relay);
      assert.equal(await loggedAddress(relay, proxy, spoofed), address);
    });
  }

  test('no warning, and a client that comes directly is itself', async (t) => {
    const relay = await startRelay(t, { TRUST_PROXY: '127.0.0.1/32' });
    const proxy = await startNginx(t, relay);
    await loggedAddress(relay, proxy);
    const session = await WebSocketSession.join(relay.port, {
      from: '127.0.0.5',
      headers: { 'X-Forwarded-For': '203.0.113.7' },
    });
    const line = await relay.logLine('client connected', ({ socketId }) => socketId === session.socket.sid);
    assert.equal(line.ip, '127.0.0.5', 'a header from somebody else is not believed');
    session.drop();
  });

  test('many sessions over the few connections that nginx keeps open', async (t) => {
    const relay = await startRelay(t, { TRUST_PROXY: 'private', WORKERS: '4' });
    const proxy = await startNginx(t, relay);
    const room = fresh('room');
    const clients = await Promise.all(
      Array.from({ length: 30 }, () =>
        StockClient.join(proxy.url, { mode: 'polling', token: mint({ sessionId: room }) }),
      ),
    );
    for (let number = 0; number < 20; number++) {
      assert.equal((await relay.publish(room, 'tick', number)).recipients, 30);
    }
    await relay.publish(room, 'sentinel');
    for (const client of clients) {
      await client.event('sentinel', 20_000);
      assert.deepEqual(
        client.payloads('tick'),
        Array.from({ length: 20 }, (_, number) => number),
      );
      client.close();
    }
  });
});
