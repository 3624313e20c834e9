// Who is let in: every refusal code of CONNECT, and every place a token may come from.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { JWT_SECRET } from './support/settings.mjs';
import { base64url, claims, mint, nowSeconds, sign } from './support/tokens.mjs';

const relay = await startRelay(test);

/** The data of the CONNECT_ERROR that these credentials get. */
async function refusal(auth, { at = relay, headers } = {}) {
  const session = await WebSocketSession.open(at.port, { headers });
  session.send(`40${auth === undefined ? '' : JSON.stringify(auth)}`);
  const answer = await session.packets.first(() => true, 'the answer to CONNECT');
  session.drop();
  assert.match(answer, /^44\{/, `refused: ${JSON.stringify(auth)?.slice(0, 200)}`);
  const { message, data, ...more } = JSON.parse(answer.slice(2));
  assert.deepEqual([message, more], ['Unauthorized', {}]);
  return data;
}

async function isLetIn(auth, { at = relay, headers } = {}) {
  const session = await WebSocketSession.open(at.port, { headers });
  await session.connect(auth);
  session.drop();
}

const withAlgorithm = (alg) => sign({ alg, typ: 'JWT' }, claims());
const good = mint();
const [goodHeader, goodClaims, goodSignature] = good.split('.');

describe('token_missing', () => {
  const cases = {
    'no auth object': undefined,
    'an empty auth object': {},
    'an auth object without a token': { other: 1 },
    'an empty token': { token: '' },
  };
  for (const [name, auth] of Object.entries(cases)) {
    test(name, async () => assert.deepEqual(await refusal(auth), { code: 'token_missing' }));
  }
});

describe('token_malformed', () => {
  const tokens = {
    'a number': 5,
    'an object': { a: 1 },
    'an array': [good],
    true: true,
    'a word': 'nonsense',
    'two parts': `${goodHeader}.${goodClaims}`,
    'four parts': `${good}.x`,
    'dots alone': '..',
    'no base64url': '!!!.???.***',
    'a header that is not JSON': `${base64url('no json')}.${goodClaims}.${goodSignature}`,
    'a header that is no object': `${base64url('[]')}.${goodClaims}.${goodSignature}`,
    'a header without alg': sign({ typ: 'JWT' }, claims()),
  };
  for (const [name, token] of Object.entries(tokens)) {
    test(name, async () => assert.deepEqual(await refusal({ token }), { code: 'token_malformed' }));
  }
});

describe('token_invalid', () => {
  const tokens = {
    'another secret': mint({}, 'z'.repeat(40)),
    'a changed signature': `${goodHeader}.${goodClaims}.${base64url(Buffer.alloc(32))}`,
    'a short signature': `${goodHeader}.${goodClaims}.${goodSignature.slice(0, 20)}`,
    'changed claims': `${goodHeader}.${base64url(claims({ sub: 'mallory' }))}.${goodSignature}`,
  };
  for (const alg of ['none', 'None', 'NONE', 'HS384', 'HS512', 'RS256', 'ES256', 'PS256', 'EdDSA', 'hs256']) {
    tokens[`alg ${alg}`] = withAlgorithm(alg);
  }
  for (const [name, token] of Object.entries(tokens)) {
    test(name, async () => assert.deepEqual(await refusal({ token }), { code: 'token_invalid' }));
  }

  test('issuer and audience, when they are set', async (t) => {
    const strict = await startRelay(t, { JWT_ISSUER: 'https://issuer.example', JWT_AUDIENCE: 'relay' });
    const right = { iss: 'https://issuer.example', aud: 'relay' };

    await isLetIn({ token: mint(right) }, { at: strict });
    await isLetIn({ token: mint({ ...right, aud: ['other', 'relay'] }) }, { at: strict });

    const wrong = [
      { iss: undefined },
      { iss: 'https://issuer.example/' },
      { aud: undefined },
      { aud: [] },
      { aud: ['other'] },
    ];
    for (const change of wrong) {
      const token = mint({ ...right, ...change });
      assert.deepEqual(await refusal({ token }, { at: strict }), { code: 'token_invalid' }, JSON.stringify(change));
    }
  });
});

describe('times', () => {
  const cases = [
    ['exp beyond the tolerance', { exp: nowSeconds() - 60 }, 'token_expired'],
    ['nbf in the future', { nbf: nowSeconds() + 60 }, 'token_not_yet_valid'],
    ['iat in the future', { iat: nowSeconds() + 60 }, 'token_not_yet_valid'],
  ];
  for (const [name, change, code] of cases) {
    test(`${name} is ${code}`, async () => assert.deepEqual(await refusal({ token: mint(change) }), { code }));
  }

  test('within JWT_CLOCK_TOLERANCE_S they pass', async (t) => {
    const lenient = await startRelay(t, { JWT_CLOCK_TOLERANCE_S: '120' });
    const now = nowSeconds();
    for (const change of [{ exp: now - 30 }, { nbf: now + 30 }, { iat: now + 30 }]) {
      await isLetIn({ token: mint(change) }, { at: lenient });
    }
  });

  test('a life over JWT_MAX_TTL_S is claims_invalid for exp, also without iat', async (t) => {
    const short = await startRelay(t, { JWT_MAX_TTL_S: '600' });
    const exp = nowSeconds() + 900;
    await isLetIn({ token: mint({ exp: nowSeconds() + 590 }) }, { at: short });
    for (const change of [{ exp }, { exp, iat: undefined }]) {
      const data = await refusal({ token: mint(change) }, { at: short });
      assert.deepEqual(data, { code: 'claims_invalid', claim: 'exp' });
    }
  });
});

describe('claims_invalid names the claim', () => {
  const wrongNames = [
    undefined,
    '',
    5,
    null,
    ['a'],
    { a: 1 },
    'x'.repeat(201),
    '€'.repeat(67),
    'line\nbreak',
    '\u0000',
    '\u007f',
  ];
  const cases = {
    sub: wrongNames,
    sessionId: [...wrongNames, '~account/ann', '~0123456789012345678'],
    scope: [undefined, [], ['publish'], 'publish', 'subscribers', 'subscribe,publish', 5, null],
    exp: [undefined, 'soon', null, String(nowSeconds() + 300)],
    rooms: [
      'a',
      5,
      [''],
      [7],
      ['~account/ann'],
      ['a\nb'],
      ['x'.repeat(201)],
      Array.from({ length: 100 }, (_, i) => `r${i}`),
    ],
  };
  for (const [claim, values] of Object.entries(cases)) {
    test(claim, async () => {
      for (const value of values) {
        const data = await refusal({ token: mint({ [claim]: value }) });
        assert.deepEqual(data, { code: 'claims_invalid', claim }, `${claim}: ${JSON.stringify(value)?.slice(0, 80)}`);
      }
    });
  }

  test('the longest names, 99 further rooms and every form of scope pass', async () => {
    const rooms = Array.from({ length: 99 }, (_, number) => `${number}-`.padEnd(200, 'r'));
    await isLetIn({ token: mint({ sub: 's'.repeat(200), sessionId: 'é'.repeat(100), rooms }) });
    for (const scope of ['subscribe', 'publish subscribe', ['other', 'subscribe']]) {
      await isLetIn({ token: mint({ scope }) });
    }
  });

  test('a room that is named twice counts once', async () => {
    const rooms = Array.from({ length: 99 }, (_, number) => `room-${number}`);
    await isLetIn({ token: mint({ rooms: [...rooms, ...rooms] }) });
  });
});

describe('rotation', () => {
  test('every key of JWT_SIGNING_SECRET_PREVIOUS is accepted, and nothing else', async (t) => {
    const older = ['older-secret-one-'.repeat(3), 'older-secret-two-'.repeat(3)];
    const rotating = await startRelay(t, { JWT_SIGNING_SECRET_PREVIOUS: older.join(',') });

    for (const secret of [JWT_SECRET, ...older]) await isLetIn({ token: mint({}, secret) }, { at: rotating });

    for (const secret of [older.join(','), 'older-secret-three'.repeat(3), '']) {
      assert.deepEqual(await refusal({ token: mint({}, secret) }, { at: rotating }), { code: 'token_invalid' });
    }
  });
});

describe('the Authorization header of the handshake', () => {
  const bearer = (token) => ({ Authorization: `Bearer ${token}` });

  for (const mode of ['default', 'polling', 'websocket']) {
    test(`is the token when auth has none, ${mode}`, async () => {
      const room = fresh('room');
      const extraHeaders = bearer(mint({ sessionId: room }));
      const client = await StockClient.join(relay.url, { mode, auth: {}, extraHeaders });

      await relay.publish(room, 'by.header');

      await client.event('by.header');
      client.close();
    });
  }

  test('its scheme is read in any case', () => isLetIn(undefined, { headers: { Authorization: `bEARER ${mint()}` } }));

  test('gives its own refusal codes', async () => {
    assert.deepEqual(await refusal(undefined, { headers: bearer('nonsense') }), { code: 'token_malformed' });
    const expired = bearer(mint({ exp: nowSeconds() - 60 }));
    assert.deepEqual(await refusal({}, { headers: expired }), { code: 'token_expired' });
  });

  test('does not matter when auth.token is there', async () => {
    await isLetIn({ token: mint() }, { headers: bearer('nonsense') });
    assert.deepEqual(await refusal({ token: 'nonsense' }, { headers: bearer(mint()) }), { code: 'token_malformed' });
  });
});

test('after a refusal the same connection may try again', async () => {
  const session = await WebSocketSession.open(relay.port);
  session.send('40{"token":"nonsense"}');
  await session.packet('44');
  session.send('40/elsewhere,{}');
  assert.equal(await session.packet('44/elsewhere,'), '44/elsewhere,{"message":"Invalid namespace"}');

  session.send(`40${JSON.stringify({ token: mint() })}`);

  await session.packet('40{');
  session.drop();
});

test('the rooms of the token are joined, and no other', async () => {
  const [first, second, third, foreign] = ['a', 'b', 'c', 'd'].map(fresh);
  const token = mint({ sessionId: first, rooms: [second, third, second] });
  const session = await WebSocketSession.join(relay.port, { token });

  assert.equal((await relay.publish(foreign, 'foreign')).recipients, 0);
  for (const room of [first, second, third]) {
    assert.equal((await relay.publish(room, `in.${room}`)).recipients, 1);
    await session.packet(`42["in.${room}"`);
  }

  assert.equal(session.events('foreign').length, 0);
  session.drop();
});
