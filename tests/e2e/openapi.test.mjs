// GET /openapi.json: a document that is well-formed, and true. Every operation, every answer and every example in it is
// asked of the relay, and every route of the relay is in it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test, { describe } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { nodesOf, OpenapiDocument } from './support/openapi.mjs';
import { freePort } from './support/processes.mjs';
import { RawConnection, request } from './support/raw_http.mjs';
import { eventually } from './support/record.mjs';
import { runCommand, startRelay } from './support/relay.mjs';
import { API_KEY } from './support/settings.mjs';
import { mint, publisherToken } from './support/tokens.mjs';

/** The document as a relay serves it that has ended again: what cannot be read stops this file before it starts more. */
async function fetchDocument() {
  const ends = [];
  const served = await startRelay({ after: (end) => ends.push(end) });
  try {
    return (await served.get('/openapi.json')).text;
  } finally {
    for (const end of ends) await end();
  }
}

const text = await fetchDocument();
const document = JSON.parse(text);
const openapi = new OpenapiDocument(document);
const { operations } = openapi;

const relay = await startRelay(test);
const managementPort = await freePort();
const split = await startRelay(test, { MANAGEMENT_PORT: String(managementPort) });

const operationOf = (id) => operations.find(({ operationId }) => operationId === id);

const withKey = { 'X-Relay-Key': API_KEY };
const bearer = (credential) => ({ Authorization: `Bearer ${credential}` });
const credentials = {
  relayKey: () => withKey,
  bearerKey: () => bearer(API_KEY),
  bearerToken: (room) => bearer(mint({ sessionId: room })),
};

/** The target of an operation, with the documented example for each {parameter}, or `values`. */
function targetOf({ path, parameters }, values = {}) {
  return path.replaceAll(/\{([^}]+)\}/g, (_, name) => {
    const parameter = parameters.find((each) => each.in === 'path' && each.name === name);
    return encodeURIComponent(values[name] ?? parameter.example);
  });
}

/** The answer to a good request of an operation, or to one that is as the options say. */
function ask(operation, { at = relay.port, method, headers, body, room, query = '' } = {}) {
  const type = operation.body && { 'Content-Type': 'application/json' };
  const given = body ?? operation.body?.[0].examples[0].value;
  return request(at, method ?? operation.method, targetOf(operation, room && { room }) + query, {
    headers: { ...type, ...(headers ?? (operation.security.length > 0 ? withKey : {})) },
    body: given === undefined || typeof given === 'string' ? given : JSON.stringify(given),
  });
}

const publish = (body, more = {}) => ask(operationOf('publish'), { body, ...more });

/** Asserts that an answer is as the document says for its status, or for `default`; returns its parsed body. */
function assertDocumented(operation, answer) {
  const { responses, name } = operation;
  const response =
    responses.find(({ status }) => status === String(answer.status)) ??
    responses.find(({ status }) => status === 'default');
  const type = answer.headers['content-type']?.split(';')[0];
  const content = response.contents.find((each) => each.type === type);
  assert.ok(content, `${name} ${answer.status}: ${type} is not documented: ${answer.text}`);
  const body = /json$/.test(type) ? answer.json : answer.text;
  assert.deepEqual(openapi.faults(content.schema, body), [], `${name} ${answer.status}: ${answer.text.slice(0, 500)}`);
  for (const header of response.headers) {
    const value = answer.headers[header.name.toLowerCase()];
    const parsed = /^\d+$/.test(value) ? Number(value) : value;
    assert.deepEqual(openapi.faults(header.schema, parsed), [], `${name} ${answer.status}: ${header.name}: ${value}`);
  }
  return body;
}

// ---- the document itself

describe('the document', () => {
  test('is well-formed OpenAPI 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document));
    assert.ok(valid, JSON.stringify(errors, null, 1)?.slice(0, 2000));
    assert.equal(validator.version, '3.1');
  });

  test('has the version of the program', async () => {
    const { version } = (await relay.get('/info')).json;
    assert.equal(document.info.version, version);
    assert.ok((await runCommand(['version'])).stdout.includes(document.info.version));
  });

  test('is served without a key, on both listeners, the same each time', async () => {
    for (const port of [relay.port, split.port, managementPort]) {
      const answer = await request(port, 'GET', '/openapi.json');
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], 'application/json');
      assert.equal(answer.text, text);
    }
  });

  test('refers to nothing that it lacks, and has no component that nothing refers to', () => {
    const references = [...nodesOf(document)].map(({ value }) => value.$ref).filter(Boolean);
    for (const reference of references) assert.ok(openapi.findReference(reference).node, reference);

    const secured = operations.flatMap(({ security }) => security.flatMap(Object.keys));
    const used = new Set([...references, ...secured.map((name) => `#/components/securitySchemes/${name}`)]);
    const components = Object.entries(document.components).flatMap(([kind, members]) =>
      Object.keys(members).map((name) => `#/components/${kind}/${name}`),
    );
    assert.deepEqual([...used].sort(), components.sort());
  });

  test('explains every operation, parameter and answer, with an example', () => {
    for (const { name, summary, description, parameters, body, responses } of operations) {
      assert.ok(summary && description, name);
      for (const parameter of parameters) {
        assert.ok(parameter.description && parameter.example !== undefined, `${name} ${parameter.name}`);
      }
      for (const { type, examples } of body ?? []) assert.ok(examples.length > 0, `${name} ${type}`);
      for (const response of responses) {
        assert.ok(response.description && response.contents.length > 0, `${name} ${response.status}`);
        for (const { examples } of response.contents) assert.ok(examples.length > 0, `${name} ${response.status}`);
      }
    }
  });

  test('names each operation once, and declares the parameters of each path', () => {
    const ids = operations.map(({ operationId }) => operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const { path, parameters, name } of operations) {
      const inPath = [...path.matchAll(/\{([^}]+)\}/g)].map(([, parameter]) => parameter);
      const declared = parameters.filter((parameter) => parameter.in === 'path');
      assert.deepEqual(
        declared.map((parameter) => parameter.name),
        inPath,
        name,
      );
    }
  });

  test('has examples that its own schemas allow', () => {
    for (const { name, body, responses } of operations) {
      for (const { schema, examples } of [...(body ?? []), ...responses.flatMap(({ contents }) => contents)]) {
        for (const example of examples) {
          assert.deepEqual(openapi.faults(schema, example.value), [], `${name} ${example.name}`);
        }
      }
    }
    for (const [name, { example }] of Object.entries(document.components.parameters)) {
      const { path } = openapi.find(['components', 'parameters', name, 'schema']);
      assert.deepEqual(openapi.faults(path, example), [], name);
    }
    for (const [name, { examples = [] }] of Object.entries(document.components.schemas)) {
      for (const example of examples) {
        assert.deepEqual(openapi.faults(['components', 'schemas', name], example), [], name);
      }
    }
  });
});

// ---- what is in the document is in the relay

for (const operation of operations) {
  const { name, method, parameters, security, body } = operation;

  describe(name, () => {
    test('is let in with each of its credentials, and needs one if it names any', async () => {
      for (const scheme of security.flatMap(Object.keys)) {
        const room = fresh('room');
        const answer = await ask(operation, { headers: credentials[scheme](room), room });
        assert.ok(answer.status < 300, `${scheme}: ${answer.text}`);
        assertDocumented(operation, answer);
      }
      const answer = await ask(operation, { headers: {} });
      assert.equal(answer.status, security.length === 0 ? 200 : 401);
      assertDocumented(operation, answer);
    });

    test('takes its optional parameters', async () => {
      const optional = parameters.filter((parameter) => !parameter.required);
      const query = new URLSearchParams();
      const headers = security.length > 0 ? { ...withKey } : {};
      for (const parameter of optional) {
        if (parameter.in === 'query') query.set(parameter.name, parameter.example);
        else headers[parameter.name] = parameter.example;
      }
      const answer = await ask(operation, { query: `?${query}`, headers });
      assert.ok(answer.status < 300, answer.text);
      assertDocumented(operation, answer);
    });

    const bounded = parameters.filter(({ schema }) => schema.type === 'integer');
    for (const { name: parameter, schema } of bounded) {
      test(`takes ${parameter} from ${schema.minimum} to ${schema.maximum}`, async () => {
        const others = method === 'POST' ? '&wait=delivered' : '';
        const status = async (value) => {
          const answer = await ask(operation, { query: `?${parameter}=${value}${others}`, room: fresh('room') });
          assertDocumented(operation, answer);
          return answer.status;
        };
        for (const good of [schema.minimum, schema.maximum]) assert.ok((await status(good)) < 300, String(good));
        for (const bad of [schema.minimum - 1, schema.maximum + 1, 1.5, 'x', '']) {
          assert.equal(await status(bad), 400, String(bad));
        }
      });
    }

    for (const example of body?.flatMap(({ examples }) => examples) ?? []) {
      test(`accepts its example ${example.name}`, async () => {
        const answer = await ask(operation, { body: example.value });
        assert.equal(answer.status, 202, answer.text);
        const answered = assertDocumented(operation, answer);
        assert.equal(Array.isArray(answered), Array.isArray(example.value));
      });
    }

    if (method === 'GET') {
      test('answers HEAD with the same headers, and no body', async () => {
        const [get, head] = [await ask(operation), await ask(operation, { method: 'HEAD' })];
        const names = ({ headers }) => Object.keys(headers).sort();
        assert.deepEqual([head.status, names(head), head.body.length], [get.status, names(get), 0]);
      });
    }
  });
}

// ---- every answer in the document, provoked

/** The answer to these bytes, on a connection of their own. */
async function sendRaw(bytes) {
  const connection = await RawConnection.open(relay.port);
  const answer = await connection.write(bytes).response();
  connection.close();
  return answer;
}

async function askWhileDraining(scope, operation) {
  const ending = await startRelay(scope, { READY_DELAY_S: '20' });
  ending.process.child.kill('SIGTERM');
  const drains = async () => {
    const answer = await ask(operation, { at: ending.port });
    return answer.status === 503 && answer;
  };
  return eventually(drains, '503 while draining');
}

/** A room with an event of the backend and one of a client. */
async function roomWithHistory() {
  const room = fresh('room');
  const session = await WebSocketSession.join(relay.port, { token: publisherToken(room) });
  await relay.publish(room, 'vote.cast', { issueKey: 'SCRUM-1', value: 5 });
  session.send('421["client.typing",{}]');
  await session.packet('431[{"ok":true');
  session.drop();
  return room;
}

/** A room with these accounts, in it while the callback runs. */
async function withSockets(accounts, callback) {
  const room = fresh('room');
  const join = (sub) => WebSocketSession.join(relay.port, { token: mint({ sub, sessionId: room }) });
  const sessions = await Promise.all(accounts.map(join));
  const answer = await callback(room);
  sessions.forEach((session) => session.drop());
  return answer;
}

const event = () => ({ room: fresh('room'), type: 'vote.cast' });
const twice = async (nonce, first, second) => {
  await publish({ ...first, nonce });
  return publish({ ...second, nonce });
};

/** `<status> <name of the example>` -> a request that is answered so. */
const provocations = {
  '200 page': async (operation) => ask(operation, { room: await roomWithHistory() }),
  '200 empty': (operation) => ask(operation, { room: fresh('room') }),
  '200 twoAccounts': (operation) => withSockets(['ann', 'ann', 'bob'], (room) => ask(operation, { room })),
  '200 nobody': (operation) => ask(operation, { room: fresh('room') }),
  '200 ok': (operation) => ask(operation),
  '200 ready': (operation) => ask(operation),
  '200 oneNode': (operation) => ask(operation),
  '200 text': (operation) => ask(operation),
  '200 openMetrics': (operation) => ask(operation, { headers: { Accept: 'application/openmetrics-text' } }),
  '200 beginning': (operation) => ask(operation),
  '202 accepted': () => publish(event()),
  '202 duplicate': () => {
    const again = event();
    return twice(fresh('nonce-of-a-duplicate'), again, again);
  },
  '202 confirmed': async () => {
    const room = fresh('room');
    const token = mint({ sessionId: room });
    const silent = await WebSocketSession.join(relay.port, { token, pong: false });
    const answer = await publish({ ...event(), room }, { query: '?wait=delivered&timeout=200' });
    silent.drop();
    return answer;
  },
  '202 batch': async () => {
    const known = { ...event(), nonce: fresh('nonce-of-a-batch') };
    await publish(known);
    return publish([event(), known]);
  },
  '207 mixed': () => publish([event(), { room: 'abc-123' }]),
  '400 invalidJson': () => publish('{"room":'),
  '400 invalidEvent': () => publish({ room: 'abc-123', tipe: 'vote.cast' }),
  '400 invalidParameter': () => publish(event(), { query: '?wait=seen' }),
  '400 badRequest': () => sendRaw('POST /events HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'),
  '400 invalidRequest': (operation) => ask(operation, { query: '?limit=0' }),
  '401 unauthorized': (operation) => ask(operation, { headers: { 'X-Relay-Key': 'wrong-wrong-wrong-wrong' } }),
  '403 forbidden': (operation) => ask(operation, { headers: bearer(mint()) }),
  '404 notFound': (operation) =>
    operation.path.includes('{room}') ? ask(operation, { room: '~private' }) : ask(operation, { at: split.port }),
  '405 methodNotAllowed': (operation) => ask(operation, { method: 'DELETE' }),
  '409 nonceConflict': () => twice(fresh('nonce-of-a-conflict'), event(), event()),
  '413 tooLarge': () => publish({ ...event(), payload: 'x'.repeat(300_000) }),
  '413 tooLong': () => publish(Array.from({ length: 1001 }, event)),
  '415 unsupportedMediaType': () => publish(event(), { headers: { ...withKey, 'Content-Type': 'text/plain' } }),
  '503 notDone': async (_, scope) => {
    const full = await startRelay(scope, { NONCE_MAX: '1' });
    const headers = (nonce) => ({ at: full.port, headers: { ...withKey, nonce } });
    await publish(event(), headers('nonce-that-fills-it'));
    return publish(event(), headers('nonce-that-is-one-too-many'));
  },
  '503 draining': (operation, scope) => askWhileDraining(scope, operation),
  'default headTooLarge': (operation) =>
    sendRaw(
      `${operation.method} ${targetOf(operation)} HTTP/1.1\r\nHost: a\r\nX-Filler: ${'f'.repeat(20_000)}\r\n\r\n`,
    ),
};

/** What no client can cause at will: a worker that hangs, or one that settles nothing for two seconds. */
const beyondReach = ['503 unknown', '503 workerSilent', '503 stalled'];

/** Members whose values are part of the contract, and not only their kinds. */
const exact = new Set(['type', 'title', 'status', 'code', 'outcome', 'path', 'delivered', 'duplicate', 'openapi']);
const kindOf = (value) => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value);

/** Asserts that an answer has every member of the example, of the same kind. */
function assertLike(example, answer, at = '') {
  assert.equal(kindOf(answer), kindOf(example), at);
  if (kindOf(example) === 'array') assert.ok(answer.length >= example.length, `${at}: ${JSON.stringify(answer)}`);
  if (typeof example !== 'object' || example === null) return;
  for (const [name, value] of Object.entries(example)) {
    assert.ok(name in answer, `${at}/${name} is in ${JSON.stringify(answer)?.slice(0, 500)}`);
    if (exact.has(name)) assert.deepEqual(answer[name], value, `${at}/${name}`);
    else assertLike(value, answer[name], `${at}/${name}`);
  }
}

/** Asserts that every line of the example is one of the metrics, numbers aside. */
function assertLikeMetrics(example, answer) {
  const lines = (metrics) => metrics.split('\n').map((line) => line.replace(/ \d+$/, ''));
  const there = new Set(lines(answer));
  for (const line of lines(example)) assert.ok(there.has(line), line);
}

describe('every documented answer is one of the relay', { concurrency: 4 }, () => {
  const documented = new Set();
  for (const operation of operations) {
    for (const { status, contents } of operation.responses) {
      for (const { type, examples } of contents) {
        for (const { name, value } of examples) {
          const answerName = `${status} ${name}`;
          documented.add(answerName);
          if (beyondReach.includes(answerName)) continue;
          test(`${operation.name}: ${answerName}`, async (t) => {
            assert.ok(provocations[answerName], 'this test knows how to provoke it');
            const answer = await provocations[answerName](operation, t);
            if (status !== 'default') assert.equal(answer.status, Number(status), answer.text);
            assert.equal(answer.headers['content-type'].split(';')[0], type);
            const body = assertDocumented(operation, answer);
            if (typeof value === 'string') assertLikeMetrics(value, body);
            else assertLike(value, body);
          });
        }
      }
    }
  }

  test('and this test provokes no other', () => {
    assert.deepEqual([...documented].sort(), [...Object.keys(provocations), ...beyondReach].sort());
  });
});

test('the envelopes of a history page are as documented', async () => {
  const { events } = (await ask(operationOf('readEvents'), { room: await roomWithHistory() })).json;
  assert.equal(events.length, 2);
  for (const { envelope } of events) {
    assert.deepEqual(openapi.faults(['components', 'schemas', 'Envelope'], envelope), []);
  }
});

// ---- the schema of an event is the relay's rule

describe('the schema of an event allows what the relay accepts, and nothing else', () => {
  const base = { room: 'r', type: 'a.b' };
  const without = (name) => Object.fromEntries(Object.entries(base).filter(([each]) => each !== name));
  const events = [
    base,
    ...[null, 0, 'text', [], {}, [[]], true].map((payload) => ({ ...base, payload })),
    ...['', 'x'.repeat(200), 'x'.repeat(210), 'a\nb', 'a\u009fb', 5, null, ['a'], ' é😀~'].map((room) => ({
      ...base,
      room,
    })),
    { type: 'a.b', sessionId: 'r' },
    { ...base, sessionId: 'r' },
    ...[[], ['r'], [''], ['r', 5], 'r', Array(100).fill('r'), Array(101).fill('r')].map((rooms) => ({
      ...without('room'),
      rooms,
    })),
    { ...base, rooms: ['s'], account: 'a' },
    ...['a', '', 'x'.repeat(200), 'x'.repeat(201), 7].map((account) => ({ type: 'a.b', account })),
    ...['', 'x'.repeat(128), 'x'.repeat(129), 'connect', 'newListener', 'Connect', 'relay:x', 'relay', 'a\u0000'].map(
      (type) => ({ ...base, type }),
    ),
    { room: 'r', event: 'a.b' },
    { ...base, event: 'a.b' },
    without('type'),
    without('room'),
    {},
    ...['2026-01-31T12:00:00.000Z', '2026-01-31T12:00:00+02:00', '2026-01-31', 'yesterday', 5, null].map(
      (timestamp) => ({ ...base, timestamp }),
    ),
    ...['short-7', 'n'.repeat(201), 'with é in it', 5].map((nonce) => ({ ...base, nonce })),
    { ...base, nonce: fresh('nonce-of-the-schema') },
    ...[[], ['~x'], 'x', [5], Array(101).fill('x')].map((except) => ({ ...base, except })),
    ...['volatile', 'reliable', null].map((delivery) => ({ ...base, delivery })),
    { ...base, priority: 1 },
    { ...base, Room: 'r' },
    5,
    null,
    'text',
  ];
  for (const one of events) {
    test(JSON.stringify(one).slice(0, 60), async () => {
      const answer = await publish(one === null ? 'null' : one === 'text' ? '"text"' : JSON.stringify(one));
      const faults = openapi.faults(['components', 'schemas', 'Event'], one);
      assert.equal(answer.status, faults.length === 0 ? 202 : 400, `${answer.text}; ${faults.join('; ')}`);
    });
  }
});

// ---- what is in the relay is in the document

describe('no route is missing', () => {
  const documented = operations.map(({ name }) => name).sort();

  test('these are all', () => {
    assert.deepEqual(documented, [
      'GET /healthz',
      'GET /info',
      'GET /metrics',
      'GET /openapi.json',
      'GET /readyz',
      'GET /rooms/{room}/events',
      'GET /rooms/{room}/presence',
      'POST /events',
    ]);
  });

  test('every route that the program sets up is among them', () => {
    const source = readFileSync(new URL('../../src/app/relay_application.cc', import.meta.url), 'utf8');
    const routes = [...source.matchAll(/\.(get|post)\("([^"]+)"/g)].map(
      ([, method, path]) => `${method.toUpperCase()} ${path}`,
    );
    const outsideRooms = documented.filter((name) => !name.includes('/rooms/'));
    assert.deepEqual([...new Set(routes)].sort(), outsideRooms);
    assert.equal([...source.matchAll(/router_\.mount\(/g)].length, 1, 'the folder /rooms/');
  });

  test('and nothing is at other paths that one might try', async () => {
    const paths = ['/', '/admin', '/admin/', '/events/', '/events/1', '/health', '/status', '/docs', '/openapi.yaml'];
    paths.push('/rooms', '/rooms/', '/rooms/abc-123', '/rooms/abc-123/', '/rooms/abc-123/sockets', '/openapi.json/');
    for (const path of paths) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await request(relay.port, method, path, { headers: withKey });
        assert.deepEqual([answer.status, answer.json.code], [404, 'not_found'], `${method} ${path}`);
      }
    }
  });
});
