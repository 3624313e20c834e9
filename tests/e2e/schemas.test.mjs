// EVENT_SCHEMAS: payloads must match the JSON Schema of their type, whoever sends them.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { fresh } from './support/names.mjs';
import { temporaryFolder } from './support/processes.mjs';
import { runCommand, startRelay } from './support/relay.mjs';
import { API_KEY, JWT_SECRET } from './support/settings.mjs';
import { mint, publisherToken } from './support/tokens.mjs';

const DRAFT_07 = 'http://json-schema.org/draft-07/schema#';

/** A folder with these files; a value becomes JSON, a text stays as it is. */
function schemaFolder(files) {
  const folder = path.join(temporaryFolder(), 'schemas');
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(path.join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  return folder;
}

const VOTE = {
  $schema: DRAFT_07,
  type: 'object',
  required: ['issueKey', 'points'],
  additionalProperties: false,
  properties: {
    issueKey: { type: 'string', pattern: '^[A-Z]+-[0-9]+$' },
    points: { $ref: '#/definitions/points' },
    tags: { type: 'array', maxItems: 2, items: { type: 'string', maxLength: 5 } },
    'a/b~c': { type: 'boolean' },
  },
  definitions: { points: { type: 'integer', minimum: 0, maximum: 100 } },
};
const SCHEMAS = schemaFolder({
  'vote.cast.json': VOTE,
  'client.moved.json': { type: 'object', required: ['x'], properties: { x: { type: 'number' } } },
  // The type a/b c%, percent-encoded.
  'a%2Fb%20c%25.json': { type: 'string' },
  'README.md': 'not a schema',
});
const relay = await startRelay(test, { EVENT_SCHEMAS: SCHEMAS });
const strict = await startRelay(test, { EVENT_SCHEMAS: SCHEMAS, EVENT_SCHEMAS_STRICT: 'true' });

/** The paths of the errors with which the event is refused. */
async function refusedPaths(event, at = relay) {
  const response = await at.post(event);
  assert.equal(response.status, 400, response.text);
  assert.match(response.headers['content-type'], /^application\/problem\+json/);
  assert.equal(response.json.code, 'invalid_event');
  for (const { message } of response.json.errors) assert.ok(message.length > 0);
  return response.json.errors.map((error) => error.path).sort();
}

const vote = (payload, more = {}) => ({ room: 'room', type: 'vote.cast', payload, ...more });

describe('POST /events', () => {
  test('an event that matches is published, byte for byte', async () => {
    const room = fresh('room');
    const client = await StockClient.join(relay.url, { token: mint({ sessionId: room }) });
    const payload = '{"points":1.0, "issueKey":"SCRUM-1"}';
    const response = await relay.post(`{"room":"${room}","type":"vote.cast","payload":${payload}}`);
    assert.equal(response.status, 202, response.text);
    assert.deepEqual((await client.envelope('vote.cast')).payload, { points: 1, issueKey: 'SCRUM-1' });
    client.close();
  });

  test('one that does not is 400 invalid_event with a JSON Pointer into the payload', async () => {
    const cases = [
      [{ points: 1 }, ['/payload/issueKey']],
      [undefined, ['/payload/issueKey', '/payload/points']],
      ['text', ['/payload']],
      [{ issueKey: 'SCRUM-1', points: 'x' }, ['/payload/points']],
      [{ issueKey: 'SCRUM-1', points: 101 }, ['/payload/points']],
      [{ issueKey: 'scrum', points: 1 }, ['/payload/issueKey']],
      [{ issueKey: 'SCRUM-1', points: 1, tags: ['a', 'too long'] }, ['/payload/tags/1']],
      [{ issueKey: 'SCRUM-1', points: 1, tags: ['a', 'b', 'c'] }, ['/payload/tags']],
      [{ issueKey: 'SCRUM-1', points: 1, 'a/b~c': 1 }, ['/payload/a~1b~0c']],
    ];
    for (const [payload, expected] of cases) {
      assert.deepEqual(await refusedPaths(vote(payload)), expected, JSON.stringify(payload));
    }
  });

  test('all errors come at once, those of the rules as well', async () => {
    const payload = { issueKey: 7, points: -1, tags: ['too long', 'fine', 'third'], extra: 1 };
    const paths = await refusedPaths(vote(payload, { surplus: 1 }));
    for (const expected of ['/payload/issueKey', '/payload/points', '/payload/tags/0', '/payload/tags', '/surplus']) {
      assert.ok(paths.includes(expected), `${expected} is in ${paths}`);
    }
    assert.ok(
      paths.some((at) => at === '/payload' || at === '/payload/extra'),
      `extra is in ${paths}`,
    );
  });

  test('a refused event reaches nobody, and spends no nonce', async () => {
    const room = fresh('room');
    const client = await StockClient.join(relay.url, { token: mint({ sessionId: room }) });
    const nonce = fresh('nonce-of-a-vote');
    assert.equal((await relay.post(vote({}, { room, nonce }))).status, 400);
    const good = await relay.post(vote({ issueKey: 'A-1', points: 1 }, { room, nonce }));
    assert.deepEqual([good.status, good.json.duplicate], [202, false]);
    await client.event('vote.cast');
    assert.equal(client.events.items.length, 1);
    client.close();
  });

  test("the file's name is the type, percent-encoded", async () => {
    const post = (payload) => relay.post({ room: 'room', type: 'a/b c%', payload });
    assert.equal((await post('text')).status, 202);
    assert.equal((await post(7)).status, 400);
  });

  test('a type without a schema takes any payload', async () => {
    assert.equal((await relay.post({ room: 'room', type: 'README.md', payload: [1] })).status, 202);
    assert.equal((await relay.post({ room: 'room', type: 'vote.cast.json', payload: [1] })).status, 202);
  });

  test('each event of a batch is judged by itself', async () => {
    const good = vote({ issueKey: 'A-1', points: 1 });
    const response = await relay.post([good, vote({ issueKey: 'A-1', points: 'x' }), good]);
    assert.equal(response.status, 207, response.text);
    assert.deepEqual(
      response.json.map(({ status }) => status),
      [202, 400, 202],
    );
    assert.equal(response.json[1].code, 'invalid_event');
    assert.deepEqual(
      response.json[1].errors.map((error) => error.path),
      ['/payload/points'],
    );
  });
});

describe('EVENT_SCHEMAS_STRICT=true', () => {
  test('refuses a type that has no schema, and judges one that has', async () => {
    assert.deepEqual(await refusedPaths({ room: 'room', type: 'no.schema' }, strict), ['/type']);
    assert.deepEqual(await refusedPaths(vote({ issueKey: 'A-1', points: 'x' }), strict), ['/payload/points']);
    assert.equal((await strict.post(vote({ issueKey: 'A-1', points: 1 }))).status, 202);
  });

  test('refuses client events without a schema', async () => {
    const client = await StockClient.join(strict.url, { token: publisherToken('room') });
    assert.deepEqual(await client.ask('client.unknown', {}), { ok: false, code: 'invalid_event' });
    assert.equal((await client.ask('client.moved', { x: 1 })).ok, true);
    client.close();
  });
});

test('a client event that does not match gets the ack invalid_event and reaches nobody', async () => {
  const room = fresh('room');
  const sender = await StockClient.join(relay.url, { token: publisherToken(room) });
  const other = await StockClient.join(relay.url, { token: mint({ sessionId: room }) });
  for (const payload of [{}, { x: 'y' }, null, 'x']) {
    assert.deepEqual(await sender.ask('client.moved', payload), { ok: false, code: 'invalid_event' });
    sender.socket.emit('client.moved', payload);
  }
  assert.equal((await sender.ask('client.moved', { x: 1 })).ok, true);
  assert.equal((await sender.ask('client.without.schema', 'anything')).ok, true);
  await other.event('client.without.schema');
  assert.deepEqual(other.payloads('client.moved'), [{ x: 1 }]);
  for (const client of [sender, other]) client.close();
});

describe('a schema that the relay would not understand stops the start', () => {
  const required = { JWT_SIGNING_SECRET: JWT_SECRET, RELAY_API_KEY: API_KEY };
  const start = (command, folder) => runCommand([command], { ...required, PORT: '0', EVENT_SCHEMAS: folder });

  /** Exit status 2, and one line for each problem that names the setting and what is wrong. */
  async function isRefused(files, ...details) {
    const folder = typeof files === 'string' ? files : schemaFolder(files);
    for (const command of ['check', 'serve']) {
      const { code, stderr } = await start(command, folder);
      const lines = stderr.split('\n').filter((line) => line.trim() !== '');
      assert.equal(code, 2, stderr);
      assert.equal(lines.length, details.length, stderr);
      for (const line of lines) assert.match(line, /\bEVENT_SCHEMAS\b/);
      assert.deepEqual(
        details.filter((detail) => !lines.some((line) => line.includes(detail))),
        [],
        stderr,
      );
    }
  }

  const cases = {
    'no JSON': '{"type":',
    'no schema at all': [1, 2],
    'an unknown keyword': { type: 'object', requiered: ['x'] },
    'an unknown keyword further down': { properties: { x: { items: { maximun: 1 } } } },
    'a keyword with a wrong value': { type: 'objekt' },
    'a pattern that is no regular expression': { pattern: '(' },
    'a remote $ref': { $ref: 'https://schemas.example/x.json' },
    'a $ref to another file': { properties: { x: { $ref: 'other.json#/definitions/x' } } },
    'a $ref to nothing': { $ref: '#/definitions/nothing' },
    'a $ref that leads to itself': { allOf: [{ $ref: '#' }] },
    'draft 2020-12': { $schema: 'https://json-schema.org/draft/2020-12/schema', type: 'object' },
    'draft 2019-09': { $schema: 'https://json-schema.org/draft/2019-09/schema', type: 'object' },
  };
  for (const [what, content] of Object.entries(cases)) {
    test(what, () => isRefused({ 'bad.one.json': content, 'good.json': VOTE }, 'bad.one.json'));
  }

  test('each with a line of its own', () => isRefused({ 'a.json': '{', 'b.json': { foo: 1 } }, 'a.json', 'b.json'));

  test('a folder that is not there', () => isRefused(path.join(temporaryFolder(), 'nowhere'), 'nowhere'));

  test('what is right does not', async () => {
    const fine = {
      true: true,
      'draft-07': { $schema: DRAFT_07 },
      annotated: { title: 't', description: 'd', examples: [1] },
    };
    const files = Object.fromEntries(Object.entries(fine).map(([name, schema]) => [`${name}.json`, schema]));
    const { code, stderr } = await start('check', schemaFolder(files));
    assert.equal(code, 0, stderr);
  });
});
