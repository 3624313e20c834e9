// The program's subcommands, as an operator types them, most of them against a running relay.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { fresh } from './support/names.mjs';
import { freePort, launch, RELAY_BIN, temporaryFolder } from './support/processes.mjs';
import { eventually, within } from './support/record.mjs';
import { runCommand, startRelay } from './support/relay.mjs';
import { API_KEY, JWT_SECRET } from './support/settings.mjs';
import { decode, isSignedWith, mint, nowSeconds } from './support/tokens.mjs';

const relay = await startRelay(test);
const both = { JWT_SIGNING_SECRET: JWT_SECRET, RELAY_API_KEY: API_KEY };
const lines = (text) => text.split('\n').filter((line) => line.trim() !== '');

/** A refusal: the exit status 2 and one line for each of the names, none of a stack trace. */
function assertRefused({ code, stderr }, ...names) {
  assert.equal(code, 2, stderr);
  assert.equal(lines(stderr).length, names.length, stderr);
  for (const name of names) assert.match(stderr, new RegExp(`\\b${name}\\b`));
}

/** The value that `check` shows for a setting, whatever stands between name and value. */
function shown(output, setting) {
  const line = lines(output).find((candidate) => new RegExp(`(^|\\W)${setting}\\W`).test(candidate));
  assert.ok(line, `${setting} is in:\n${output}`);
  return line;
}

describe('token', () => {
  const secret = { JWT_SIGNING_SECRET: JWT_SECRET };

  test('prints the token alone on stdout, and a hint on stderr', async () => {
    const { code, stdout, stderr } = await runCommand(['token', '--session', 'room 1', '--account', 'ann'], secret);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    assert.ok(stderr.trim().length > 0);
    assert.ok(isSignedWith(stdout.trim()));
    const { header, claims } = decode(stdout.trim());
    assert.equal(header.alg, 'HS256');
    assert.deepEqual([claims.sub, claims.sessionId, claims.rooms], ['ann', 'room 1', undefined]);
    assert.ok(Math.abs(claims.exp - nowSeconds() - 300) <= 5);
    assert.ok([claims.scope].flat().join(' ').split(' ').includes('subscribe'));
  });

  test('--ttl, --scope and --rooms, and iss and aud of the settings', async () => {
    const args = ['token', '--session', 's', '--account', 'a', '--ttl', '60', '--scope', 'subscribe', '--rooms', 'b,c'];
    const { stdout } = await runCommand(args, { ...secret, JWT_ISSUER: 'issuer', JWT_AUDIENCE: 'audience' });
    const { claims } = decode(stdout.trim());
    assert.deepEqual([claims.scope].flat(), ['subscribe']);
    assert.deepEqual([claims.rooms, claims.iss, [claims.aud].flat()], [['b', 'c'], 'issuer', ['audience']]);
    assert.ok(Math.abs(claims.exp - nowSeconds() - 60) <= 5);
  });

  test('its token is let in', async () => {
    const room = fresh('room');
    const { stdout } = await runCommand(['token', '--session', room, '--account', 'ann'], secret);
    const client = await StockClient.join(relay.url, { token: stdout.trim() });
    assert.equal((await relay.publish(room, 'a.b')).recipients, 1);
    client.close();
  });

  test('without the secret it is refused, and needs no other setting', async () => {
    const refused = await runCommand(['token', '--session', 's', '--account', 'a'], {});
    assertRefused(refused, 'JWT_SIGNING_SECRET');
    assert.equal(refused.stdout, '');
  });
});

describe('publish', () => {
  const publish = (room, more = [], settings = both) =>
    runCommand(
      ['publish', '--room', room, '--type', 'cli.event', '--payload', '{"n":1.0}', '--url', relay.url, ...more],
      settings,
    );

  test('posts one event and prints the answer', async () => {
    const room = fresh('room');
    const client = await StockClient.join(relay.url, { token: mint({ sessionId: room }) });
    const { code, stdout, stderr } = await publish(room);
    assert.equal(code, 0, stderr);
    const answer = JSON.parse(stdout);
    assert.deepEqual([answer.delivered, answer.duplicate, answer.recipients], [true, false, 1]);
    assert.deepEqual((await client.envelope('cli.event')).payload, { n: 1 });
    client.close();
  });

  test('--nonce makes it repeatable, --key stands in for the setting', async () => {
    const more = ['--nonce', fresh('cli-nonce'), '--key', API_KEY];
    const answers = [];
    for (let round = 0; round < 2; round++) answers.push(JSON.parse((await publish('nobody', more, {})).stdout));
    assert.deepEqual(
      answers.map(({ duplicate }) => duplicate),
      [false, true],
    );
  });

  test('of a list of keys it takes the first plain one', async () => {
    const hashed = `sha256:${'0'.repeat(64)}`;
    const { code, stderr } = await publish('nobody', [], { ...both, RELAY_API_KEY: `${hashed},${API_KEY}` });
    assert.equal(code, 0, stderr);
  });

  test('fails when it is refused or nobody listens', async () => {
    const wrong = await publish('nobody', ['--key', 'wrong-key-of-enough-bytes']);
    assert.ok(wrong.code > 0, `exit status ${wrong.code}`);
    assert.match(wrong.stdout + wrong.stderr, /401|unauthorized/);
    const url = `http://127.0.0.1:${await freePort()}`;
    const nobody = await runCommand(['publish', '--room', 'r', '--type', 't', '--payload', '{}', '--url', url], both);
    assert.ok(nobody.code > 0 && lines(nobody.stderr).length >= 1);
  });
});

describe('listen', () => {
  test('prints each envelope as one line of JSON, and ends after --count', async () => {
    const room = fresh('room');
    let stdout = '';
    const args = ['listen', '--session', room, '--account', 'ann', '--url', relay.url, '--count', '2'];
    const listening = launch(RELAY_BIN, args, {
      settings: both,
      output: (stream, text) => {
        if (stream === 'stdout') stdout += text;
      },
    });
    await relay.logLine('client connected', ({ account }) => account === 'ann');
    await eventually(
      async () => (await relay.publish(room, 'first', { text: 'é\n"' })).recipients === 1,
      'it has joined',
    );
    await relay.publish(room, 'second', 2);

    assert.equal((await within(listening.exited, 'the end of listen')).code, 0);

    const envelopes = lines(stdout).map((line) => JSON.parse(line));
    assert.deepEqual(
      envelopes.map(({ type, payload }) => [type, payload]),
      [
        ['first', { text: 'é\n"' }],
        ['second', 2],
      ],
    );
    assert.ok(envelopes.every(({ issuedAt }) => typeof issuedAt === 'string'));
  });

  test('takes a token, and fails when it is refused', async () => {
    const args = ['listen', '--session', 's', '--url', relay.url, '--token', mint({ exp: nowSeconds() - 100 })];
    const { code, stderr } = await runCommand(args, both);
    assert.ok(code > 0);
    assert.match(stderr, /token_expired/);
  });
});

describe('check', () => {
  test('shows the effective settings with defaults, and masks secrets', async () => {
    const secrets = {
      ...both,
      JWT_SIGNING_SECRET_PREVIOUS: 'previous-secret-of-enough-bytes-0001',
      RELAY_ADMIN_KEY: 'admin-key-of-enough-bytes',
    };
    const { code, stdout, stderr } = await runCommand(['check'], { ...secrets, PORT: '4567', NO_SUCH_SETTING: '1' });
    assert.equal(code, 0, stderr);
    const expected = {
      PORT: '4567',
      KEEP_ALIVE_S: '75',
      MAX_PAYLOAD_BYTES: '1000000',
      PING_INTERVAL_MS: '25000',
      CLIENT_EVENTS: 'client.*',
      RATE_LIMIT_IP: '500/s',
    };
    for (const [setting, value] of Object.entries(expected)) assert.ok(shown(stdout, setting).includes(value), setting);
    for (const [setting, secret] of Object.entries(secrets)) {
      shown(stdout, setting);
      assert.ok(!(stdout + stderr).includes(secret.slice(0, 12)), `${setting} is masked`);
    }
  });

  test('one line for every problem', async () => {
    const bad = {
      JWT_SIGNING_SECRET: 'x'.repeat(31),
      RELAY_API_KEY: undefined,
      PORT: 'abc',
      LOG_LEVEL: 'loud',
      RATE_LIMIT_IP: '5/x',
    };
    for (const command of ['check', 'serve']) {
      assertRefused(await runCommand([command], bad), ...Object.keys(bad));
    }
  });

  test('flags beat the environment, which beats the file', async () => {
    const folder = temporaryFolder();
    const text = Object.entries({ ...both, PORT: '4101', NONCE_TTL_S: '111', DRAIN_S: '11' }).map(
      ([name, value]) => `${name}=${value}\n`,
    );
    writeFileSync(path.join(folder, '.env'), text.join(''));
    writeFileSync(path.join(folder, 'other.env'), text.join('').replace('DRAIN_S=11', 'DRAIN_S=12'));
    const settings = { PORT: '4102', NONCE_TTL_S: '222' };

    const { stdout, stderr } = await runCommand(['check', '--port', '4103'], settings, { folder });
    assert.ok(shown(stdout, 'PORT').includes('4103'), stderr);
    assert.ok(shown(stdout, 'NONCE_TTL_S').includes('222'));
    assert.match(shown(stdout, 'DRAIN_S'), /\b11\b/);

    const other = await runCommand(['check', '--env-file', 'other.env'], settings, { folder });
    assert.match(shown(other.stdout, 'DRAIN_S'), /\b12\b/);
  });

  test('secrets come from files and never from flags', async () => {
    const folder = temporaryFolder();
    writeFileSync(path.join(folder, 'secret'), `${JWT_SECRET}\n`);
    const settings = { RELAY_API_KEY: API_KEY, JWT_SIGNING_SECRET_FILE: path.join(folder, 'secret') };
    assert.equal((await runCommand(['check'], settings)).code, 0);

    const flag = await runCommand(['check', '--jwt-signing-secret', 'secret-on-a-command-line-0123456789'], both);
    assert.equal(flag.code, 2);
    assert.ok(!(flag.stdout + flag.stderr).includes('secret-on-a-command-line'));
    const missing = await runCommand(['check'], {
      RELAY_API_KEY: API_KEY,
      JWT_SIGNING_SECRET_FILE: path.join(folder, 'none'),
    });
    assert.equal(missing.code, 2);
    assert.match(missing.stderr, /JWT_SIGNING_SECRET/);
  });

  test('an unknown flag is an error', async () => {
    const { code, stderr } = await runCommand(['check', '--no-such-setting', '1'], both);
    assert.equal(code, 2);
    assert.match(stderr, /no-such-setting/);
  });
});

describe('the rest', () => {
  test('healthcheck is 0 only when /healthz answers', async () => {
    assert.equal((await runCommand(['healthcheck', '--url', relay.url])).code, 0);
    const { code, stderr } = await runCommand(['healthcheck', '--url', `http://127.0.0.1:${await freePort()}`]);
    assert.ok(code > 0);
    assert.doesNotMatch(stderr, /terminate called|what\(\):/);
  });

  test('version and --version are the same: version, commit, compiler', async () => {
    const { code, stdout } = await runCommand(['version']);
    assert.equal(code, 0);
    assert.match(stdout, /\d+\.\d+/);
    assert.match(stdout, /gcc|g\+\+|clang/i);
    assert.equal((await runCommand(['--version'])).stdout, stdout);
  });

  test('an unknown subcommand fails and starts nothing', async () => {
    const { code, stderr } = await runCommand(['frobnicate'], both);
    assert.equal(code, 2);
    assert.match(stderr, /frobnicate/);
  });

  test('a port that is taken is one line on stderr', async () => {
    const { code, stderr } = await runCommand(['serve'], { ...both, HOST: '127.0.0.1', PORT: String(relay.port) });
    assert.ok(code > 0);
    assert.match(stderr, new RegExp(String(relay.port)));
  });

  test('no subcommand serves', async (t) => {
    const port = await freePort();
    const { child, exited } = launch(RELAY_BIN, [], { settings: { ...both, HOST: '127.0.0.1', PORT: String(port) } });
    t.after(() => child.kill('SIGKILL'));
    await eventually(async () => {
      const url = `http://127.0.0.1:${port}/healthz`;
      return (await fetch(url).catch(() => null))?.status === 200;
    }, '/healthz');
    child.kill('SIGTERM');
    child.kill('SIGTERM');
    await within(exited, 'the end');
  });
});
