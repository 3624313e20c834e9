// POST /events refuses: which problem, at which path, and everything at once.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { startRelay } from './support/relay.mjs';

const relay = await startRelay(test);

function assertProblem(answer, status, code) {
  assert.equal(answer.status, status, answer.text);
  assert.match(answer.headers['content-type'], /^application\/problem\+json/);
  const problem = answer.json;
  assert.equal(problem.type, 'about:blank');
  assert.equal(problem.status, status);
  assert.equal(problem.code, code);
  assert.ok(typeof problem.title === 'string' && problem.title.length > 0);
  return problem;
}

/** The paths of an invalid_event, sorted; each has a message. */
async function pathsOf(event) {
  const { errors } = assertProblem(await relay.post(event), 400, 'invalid_event');
  for (const { message } of errors) assert.ok(typeof message === 'string' && message.length > 0);
  return errors.map(({ path }) => path).sort();
}

const base = { room: 'r', type: 'a.b' };
const without = (field) => Object.fromEntries(Object.entries(base).filter(([name]) => name !== field));
const control = ['\u0000', '\u001f', '\u007f', '\u0080', '\u009f', '\n'];

describe('invalid_event has the path of', () => {
  const cases = {
    '/room': [5, null, '', 'x'.repeat(201), '€'.repeat(67), { a: 1 }, ['a'], ...control.map((c) => `a${c}b`)].map(
      (room) => ({ ...base, room }),
    ),
    '/sessionId': ['', 5, 'x'.repeat(201)].map((sessionId) => ({ ...without('room'), sessionId })),
    '/rooms': [[], 'r', 5, null, Array.from({ length: 101 }, (_, i) => `r${i}`)].map((rooms) => ({
      ...without('room'),
      rooms,
    })),
    '/rooms/1': ['', 5, null, 'x'.repeat(201), 'a\u0000'].map((bad) => ({ ...without('room'), rooms: ['good', bad] })),
    '/account': ['', 5, null, 'x'.repeat(201), 'a\nb'].map((account) => ({ type: 'a.b', account })),
    '/type': [
      ...['', 5, null, 'x'.repeat(129), ['a'], ...control.map((c) => `a${c}b`)],
      ...['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'],
      ...['relay:', 'relay:closing', 'relay:anything'],
    ].map((type) => ({ ...base, type })),
    '/event': ['', 'connect', 'relay:x'].map((event) => ({ ...without('type'), event })),
    '/timestamp': [
      ...[
        5,
        null,
        '',
        'yesterday',
        '2026-01-31',
        '2026-01-31T12:00:00',
        '2026-13-01T12:00:00Z',
        '2026-02-30T12:00:00Z',
      ],
      ...['2026-01-31T25:00:00Z', '2026-01-31T12:00:00+0200', '31 Jan 2026 12:00:00 GMT'],
    ].map((timestamp) => ({ ...base, timestamp })),
    '/nonce': [5, null, '', 'short-7', 'n'.repeat(201), 'with é in it', 'with\ttab'].map((nonce) => ({
      ...base,
      nonce,
    })),
    '/except': ['x', 5, null, Array.from({ length: 101 }, () => '~aaaaaaaaaaaaaaaaaaa')].map((except) => ({
      ...base,
      except,
    })),
    '/delivery': ['reliable', '', 5, null].map((delivery) => ({ ...base, delivery })),
    '/priority': [{ ...base, priority: 1 }],
    '/Room': [{ ...base, Room: 'r' }],
    '/a~1b~0c': [{ ...base, 'a/b~c': 1 }],
  };
  for (const [path, events] of Object.entries(cases)) {
    test(path, async () => {
      for (const event of events) {
        assert.deepEqual(await pathsOf(event), [path], JSON.stringify(event).slice(0, 120));
      }
    });
  }

  test('a missing type or target', async () => {
    assert.ok((await pathsOf(without('type'))).includes('/type'));
    assert.equal((await pathsOf(without('room'))).length, 1);
  });

  test('a field beside its alias, even with the same value', async () => {
    for (const event of [
      { ...base, sessionId: 'r' },
      { ...base, event: 'a.b' },
    ]) {
      assert.ok((await pathsOf(event)).length >= 1);
    }
  });

  test('everything that is wrong, at once', async () => {
    const paths = await pathsOf({
      room: '',
      type: 'connect',
      timestamp: 'no',
      delivery: 'no',
      nonce: 'no',
      unknown: 1,
    });
    assert.deepEqual(paths, ['/delivery', '/nonce', '/room', '/timestamp', '/type', '/unknown']);
  });

  test('what is no object is no event', async () => {
    for (const text of ['5', '"text"', 'null', 'true']) assertProblem(await relay.post(text), 400, 'invalid_event');
  });

  test('nonces that differ between body, header and alias', async () => {
    const [one, two] = ['nonce-number-one', 'nonce-number-two'];
    const attempts = [
      [{ ...base, nonce: one }, { nonce: two }],
      [base, { nonce: one, 'Idempotency-Key': two }],
      [base, { nonce: 'short' }],
    ];
    for (const [event, headers] of attempts) assertProblem(await relay.post(event, { headers }), 400, 'invalid_event');
  });
});

describe('names just inside the rules are accepted', () => {
  const events = [
    { ...base, room: 'x'.repeat(200) },
    { ...base, room: ' !"#*/?é€😀' },
    { ...base, type: 'x'.repeat(128) },
    { ...base, type: 'relay' },
    { ...base, type: 'Connect' },
    { ...base, type: 'error' },
    { ...base, type: '__proto__' },
    { ...base, room: `~account/${'x'.repeat(200)}` },
    { type: 'a.b', account: 'x'.repeat(200) },
    { ...base, except: [] },
  ];
  for (const event of events) {
    test(JSON.stringify(event).slice(0, 60), async () => assert.equal((await relay.post(event)).status, 202));
  }
});

describe('invalid_json', () => {
  const nested = (depth) => `{"room":"r","type":"a.b","payload":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  const texts = {
    'an empty body': '',
    blanks: '  ',
    'a missing brace': '{"room":"r","type":"a.b"',
    'a trailing comma': '{"room":"r","type":"a.b",}',
    'two values': '{"room":"r","type":"a.b"}{}',
    'single quotes': "{'room':'r'}",
    'a leading zero': '{"room":"r","type":"a.b","payload":01}',
    NaN: '{"room":"r","type":"a.b","payload":NaN}',
    'a bare control character': '{"room":"r","type":"a.b","payload":"\u0001"}',
    'a bad escape': '{"room":"r","type":"a.b","payload":"\\x"}',
    'a comment': '{"room":"r","type":"a.b"/**/}',
    'a byte order mark': '\ufeff{"room":"r","type":"a.b"}',
    'a top-level key twice': '{"room":"r","type":"a.b","room":"r"}',
    'a top-level key twice, once escaped': '{"room":"r","type":"a.b","\\u0072oom":"r"}',
    'nesting over 64': nested(65),
    'nesting far over 64': nested(50_000),
    'invalid UTF-8': Buffer.concat([
      Buffer.from('{"room":"r","type":"a.b","payload":"'),
      Buffer.from([0xff]),
      Buffer.from('"}'),
    ]),
    'an encoded surrogate': Buffer.concat([
      Buffer.from('{"room":"r","type":"a.b","payload":"'),
      Buffer.from([0xed, 0xa0, 0x80]),
      Buffer.from('"}'),
    ]),
  };
  for (const [name, text] of Object.entries(texts)) {
    test(name, async () => assertProblem(await relay.post(text), 400, 'invalid_json'));
  }

  test('nesting of exactly 64 is fine', async () => assert.equal((await relay.post(nested(64))).status, 202));
});

describe('unauthorized', () => {
  test('a missing and a wrong key are the same answer', async () => {
    const wrong = [
      { key: null },
      { key: 'wrong' },
      { key: '' },
      { key: 'e2e-publish-key-000' },
      { key: 'e2e-publish-key-00011' },
      { key: 'e2e-publish-key-0001,e2e-publish-key-0002' },
      { key: null, headers: { Authorization: 'Bearer wrong' } },
      { key: null, headers: { Authorization: 'Basic ZTJlOmUyZQ==' } },
    ];
    const bodies = new Set();
    for (const options of wrong) {
      const answer = await relay.post(base, options);
      assertProblem(answer, 401, 'unauthorized');
      bodies.add(answer.text);
    }
    assert.equal(bodies.size, 1, [...bodies].join('\n'));
  });
});

describe('too_large', () => {
  const sized = (bytes) => `{"room":"r","type":"a.b","payload":"${'x'.repeat(bytes - 38)}"}`;

  test('MAX_EVENT_BYTES is the largest body, to the byte', async (t) => {
    assert.equal(sized(100).length, 100);
    assert.equal((await relay.post(sized(262_144))).status, 202);
    assertProblem(await relay.post(sized(262_145)), 413, 'too_large');
    const small = await startRelay(t, { MAX_EVENT_BYTES: '1000' });
    assert.equal((await small.post(sized(1000))).status, 202);
    assertProblem(await small.post(sized(1001)), 413, 'too_large');
  });

  test('a batch may be 16 times that, and each of its events that', async () => {
    const ten = Array.from({ length: 10 }, () => sized(262_144));
    assert.equal((await relay.post(`[${ten}]`)).status, 202);
    const mixed = await relay.post(`[${sized(100)},${sized(262_145)}]`);
    assert.deepEqual([mixed.status, mixed.json[0].status, mixed.json[1].status], [207, 202, 413]);
    const seventeen = Array.from({ length: 17 }, () => sized(262_144));
    assertProblem(await relay.post(`[${seventeen}]`), 413, 'too_large');
  });
});
