// Nonces make a retry safe: at most one fan-out, whatever goes wrong between backend and relay.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { fresh } from './support/names.mjs';
import { untilTime } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { SECOND_API_KEY } from './support/settings.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '4' });
const join = (room) => StockClient.join(relay.url, { token: mint({ sessionId: room }) });

/** The payloads of `once` that reached the client before a sentinel. */
async function received(client, room) {
  await relay.publish(room, 'sentinel');
  await client.event('sentinel');
  client.close();
  return client.payloads('once');
}

describe('a repeat with the same body', () => {
  const ways = {
    'header nonce': (nonce) => ({ headers: { nonce } }),
    'header Nonce, other case': (nonce) => ({ headers: { NONCE: nonce } }),
    'header Idempotency-Key': (nonce) => ({ headers: { 'Idempotency-Key': nonce } }),
    'Idempotency-Key in quotes': (nonce) => ({ headers: { 'Idempotency-Key': `"${nonce}"` } }),
  };
  for (const [first, firstOptions] of Object.entries(ways)) {
    test(`${first}: fans out once, however it is repeated`, async () => {
      const [room, nonce] = [fresh('room'), fresh('nonce-for-retries')];
      const client = await join(room);
      const event = { room, type: 'once', payload: 1 };

      const original = await relay.post(event, firstOptions(nonce));
      assert.deepEqual([original.status, original.json.duplicate, original.json.recipients], [202, false, 1]);

      const repeats = Object.values(ways).map((way) => relay.post(event, way(nonce)));
      repeats.push(relay.post({ ...event, nonce }), relay.post({ ...event, nonce }, { headers: { nonce } }));
      for (const repeat of await Promise.all(repeats)) {
        assert.equal(repeat.status, 202, repeat.text);
        const { id, issuedAt } = original.json;
        assert.deepEqual(repeat.json, { delivered: true, duplicate: true, id, issuedAt });
      }
      assert.deepEqual(await received(client, room), [1]);
    });
  }

  test('the timestamp is ignored, sets have no order, an account is its private room', async () => {
    const [room, account] = [fresh('room'), fresh('account')];
    const pairs = [
      [{ room, timestamp: '2026-01-01T00:00:00Z' }, { room }],
      [{ rooms: [room, 'other'] }, { rooms: ['other', room, room] }],
      [{ room }, { rooms: [room] }],
      [{ sessionId: room }, { room }],
      [{ account }, { room: `~account/${account}` }],
      [
        { room, except: ['~aaaaaaaaaaaaaaaaaaa', '~bbbbbbbbbbbbbbbbbbb'] },
        { room, except: ['~bbbbbbbbbbbbbbbbbbb', '~aaaaaaaaaaaaaaaaaaa'] },
      ],
    ];
    for (const [first, second] of pairs) {
      const headers = { nonce: fresh('nonce-same-body') };
      await relay.post({ ...first, type: 'once', payload: 1 }, { headers });
      const repeat = await relay.post({ ...second, event: 'once', payload: 1 }, { headers });
      assert.deepEqual([repeat.status, repeat.json.duplicate], [202, true], JSON.stringify([first, second]));
    }
  });

  test('nonces belong to the deployment, not to the key', async () => {
    const headers = { nonce: fresh('nonce-of-all') };
    await relay.post({ room: 'r', type: 'once' }, { headers });
    const repeat = await relay.post({ room: 'r', type: 'once' }, { headers, key: SECOND_API_KEY });
    assert.equal(repeat.json.duplicate, true);
  });
});

describe('another body', () => {
  test('is 409 nonce_conflict, and nothing fans out', async () => {
    const [room, nonce] = [fresh('room'), fresh('nonce-conflict')];
    const client = await join(room);
    const event = { room, type: 'once', payload: { a: 1 } };
    const headers = { nonce };
    await relay.post(event, { headers });

    const others = [
      { ...event, payload: { a: 2 } },
      { ...event, type: 'twice' },
      { ...event, room: 'elsewhere' },
      { ...event, account: 'somebody' },
      { ...event, except: [client.id] },
      `{"room":"${room}","type":"once","payload":{"a": 1}}`,
    ];
    for (const other of others) {
      const answer = await relay.post(other, { headers });
      assert.deepEqual([answer.status, answer.json.code], [409, 'nonce_conflict'], JSON.stringify(other));
    }

    assert.equal((await relay.post(event, { headers })).json.duplicate, true);
    assert.deepEqual(await received(client, room), [{ a: 1 }]);
    assert.equal(client.events.all(({ name }) => name === 'twice').length, 0);
  });

  test('only a 202 is remembered', async () => {
    const headers = { nonce: fresh('nonce-after-400') };
    assert.equal((await relay.post({ room: '', type: 'once' }, { headers })).status, 400);
    const answer = await relay.post({ room: 'r', type: 'once' }, { headers });
    assert.deepEqual([answer.status, answer.json.duplicate], [202, false]);
  });
});

describe('concurrent requests', () => {
  test('with one nonce: exactly one of 60 fans out, all have its id', async () => {
    for (let round = 0; round < 5; round++) {
      const room = fresh('room');
      const client = await join(room);
      const headers = { nonce: fresh('nonce-of-sixty') };

      const asking = Array.from({ length: 60 }, () => relay.post({ room, type: 'once', payload: round }, { headers }));
      const answers = await Promise.all(asking);

      assert.ok(answers.every(({ status }) => status === 202));
      assert.equal(answers.filter(({ json }) => json.duplicate === false).length, 1);
      assert.equal(new Set(answers.map(({ json }) => json.id)).size, 1);
      assert.deepEqual(await received(client, room), [round]);
    }
  });

  test('with one nonce and two bodies: one body wins, the other is 409', async () => {
    const room = fresh('room');
    const client = await join(room);
    const headers = { nonce: fresh('nonce-of-two') };

    const asking = Array.from({ length: 40 }, (_, number) =>
      relay.post({ room, type: 'once', payload: number % 2 }, { headers }),
    );
    const answers = await Promise.all(asking);

    const [winner] = await received(client, room);
    for (const [number, { status }] of answers.entries()) assert.equal(status, number % 2 === winner ? 202 : 409);
    assert.equal(answers.filter(({ json }) => json.duplicate === false).length, 1);
  });

  test('with different nonces each fan out', async () => {
    const room = fresh('room');
    const client = await join(room);
    const asking = Array.from({ length: 50 }, (_, number) =>
      relay.post({ room, type: 'once', payload: number }, { headers: { nonce: fresh('nonce-of-its-own') } }),
    );
    await Promise.all(asking);
    const payloads = await received(client, room);
    assert.deepEqual(
      payloads.sort((a, b) => a - b),
      Array.from({ length: 50 }, (_, number) => number),
    );
  });
});

describe('the store', () => {
  test('forgets a nonce after NONCE_TTL_S and not before', async (t) => {
    const forgetful = await startRelay(t, { NONCE_TTL_S: '1' });
    const post = () => forgetful.post({ room: 'r', type: 'once' }, { headers: { nonce: 'nonce-with-an-end' } });
    const sent = Date.now();
    assert.equal((await post()).json.duplicate, false);
    assert.equal((await post()).json.duplicate, true);

    await untilTime(sent + 3200);

    assert.equal((await post()).json.duplicate, false);
  });

  test('is full at NONCE_MAX: a new one is 503 not_done, none is forgotten early', async (t) => {
    const small = await startRelay(t, { NONCE_MAX: '20' });
    const post = (number) => small.post({ room: 'r', type: 'once' }, { headers: { nonce: `nonce-number-${number}` } });
    for (let number = 0; number < 20; number++) assert.equal((await post(number)).status, 202);

    const refused = await post(20);

    assert.deepEqual([refused.status, refused.json.code, refused.json.outcome], [503, 'unavailable', 'not_done']);
    assert.match(refused.headers['retry-after'], /^\d+$/);
    for (let number = 0; number < 20; number++) assert.equal((await post(number)).json.duplicate, true);
    assert.equal((await small.post({ room: 'r', type: 'once' })).status, 202);
  });

  test('nonces of 8 and of 200 characters are fine', async () => {
    for (const nonce of [fresh('').slice(-7).padStart(8, '!'), fresh('n').padEnd(200, '~')]) {
      assert.equal((await relay.post({ room: 'r', type: 'once' }, { headers: { nonce } })).status, 202);
    }
  });
});
