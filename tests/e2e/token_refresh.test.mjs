// relay:token_refresh: a connected client brings a new token, and its socket lives on under that one.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES, StockClient } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { untilTime } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { decode, mint, nowSeconds, publisherToken, sign } from './support/tokens.mjs';

const relay = await startRelay(test, { JWT_CLOCK_TOLERANCE_S: '0', WORKERS: '2' });
const likeNode = await startRelay(test, { JWT_CLOCK_TOLERANCE_S: '0', TOKEN_EXPIRY: 'connect' });
const refresh = (client, ...args) => client.ask('relay:token_refresh', ...args);

/** Claims of a token of which only the last `seconds` are left. */
const nearlyOver = (seconds) => ({ iat: nowSeconds() - 500, exp: nowSeconds() + seconds });

/** That the client's socket gets what is published to the room, exactly when it should. */
async function reaches(client, room, expected = true, at = relay) {
  const type = fresh('probe');
  assert.equal((await at.publish(room, type)).recipients, expected ? 1 : 0, room);
  if (expected) await client.event(type);
}

describe('a good token', { concurrency: true }, () => {
  for (const mode of Object.keys(MODES)) {
    test(`extends the life of the socket: {"ok":true,"exp":...}; ${mode}`, async () => {
      const [sub, room] = [fresh('account'), fresh('room')];
      const over = nearlyOver(2);
      const client = await StockClient.join(relay.url, { mode, token: mint({ ...over, sub, sessionId: room }) });
      const twin = await WebSocketSession.join(relay.port, { token: mint(over) });
      const { id } = client;
      const longer = mint({ sub, sessionId: room });

      assert.deepEqual(await refresh(client, longer), { ok: true, exp: decode(longer).claims.exp });

      await twin.closeFrame('the close of a socket that was not refreshed');
      await reaches(client, room);
      assert.deepEqual([client.id, client.disconnects.items], [id, []]);
      client.close();
    });
  }

  test('rules from then on: the socket closes when it ends, also earlier than the old one would have', async () => {
    const [sub, exp] = [fresh('account'), nowSeconds() + 2];
    const client = await StockClient.join(relay.url, { token: mint({ sub }) });

    assert.deepEqual(await refresh(client, mint({ ...nearlyOver(2), sub, exp })), { ok: true, exp });

    assert.equal(await client.disconnected(), 'transport close');
    assert.ok(Date.now() / 1000 > exp - 0.2);
    assert.deepEqual((await client.event('relay:closing')).args, [{ code: 'token_expired', reconnect: true }]);
    client.close();
  });

  test('is announced to end by a relay:token_expiring of its own, once', async () => {
    const [sub, firstExp, secondExp] = [fresh('account'), nowSeconds() + 20, nowSeconds() + 2];
    const client = await StockClient.join(relay.url, { token: mint({ sub, iat: nowSeconds() - 5000, exp: firstExp }) });
    await client.event('relay:token_expiring');

    await refresh(client, mint({ sub, iat: nowSeconds() - 500, exp: secondExp }));
    await client.disconnected();

    const warnings = client.events.all(({ name }) => name === 'relay:token_expiring');
    assert.deepEqual(
      warnings.map(({ args }) => args),
      [[{ exp: firstExp }], [{ exp: secondExp }]],
    );
    client.close();
  });

  test('silences the relay:token_expiring that its predecessor would have got', async () => {
    const [sub, room, exp] = [fresh('account'), fresh('room'), nowSeconds() + 4];
    const client = await StockClient.join(relay.url, { token: mint({ sub, sessionId: room, iat: exp - 4, exp }) });

    await refresh(client, mint({ sub, sessionId: room }));
    await untilTime((exp + 0.5) * 1000);

    await reaches(client, room);
    assert.ok(client.events.items.every(({ name }) => name !== 'relay:token_expiring'));
    client.close();
  });

  test('gives its rooms and its scope, and takes those of the old one', async () => {
    const sub = fresh('account');
    const [kept, left, entered] = ['kept', 'left', 'entered'].map(fresh);
    const client = await StockClient.join(relay.url, { token: mint({ sub, sessionId: kept, rooms: [left] }) });
    assert.equal((await client.ask('client.try', 1)).code, 'forbidden');

    assert.equal((await refresh(client, publisherToken(kept, { sub, rooms: [entered] }))).ok, true);

    assert.equal((await client.ask('client.try', 1)).ok, true);
    await reaches(client, left, false);
    for (const room of [entered, kept]) await reaches(client, room);
    assert.equal((await refresh(client, mint({ sub, sessionId: kept }))).ok, true);
    assert.equal((await client.ask('client.try', 1)).code, 'forbidden');
    await reaches(client, entered, false);
    client.close();
  });

  test('may name another session: client events go to that one', async () => {
    const [sub, before, next] = [fresh('account'), fresh('before'), fresh('next')];
    const client = await StockClient.join(relay.url, { token: publisherToken(before, { sub }) });
    const [inBefore, inNext] = await Promise.all(
      [before, next].map((room) => StockClient.join(relay.url, { token: mint({ sessionId: room }) })),
    );

    assert.equal((await refresh(client, publisherToken(next, { sub }))).ok, true);
    assert.equal((await client.ask('client.said', 1)).ok, true);

    await inNext.event('client.said');
    await reaches(inBefore, before);
    assert.ok(inBefore.events.items.every(({ name }) => name !== 'client.said'));
    for (const each of [client, inBefore, inNext]) each.close();
  });

  test('keeps the account and the private room', async () => {
    const [sub, room] = [fresh('account'), fresh('room')];
    const client = await StockClient.join(relay.url, { token: mint({ sub, sessionId: room }) });
    await refresh(client, mint({ sub, sessionId: fresh('another') }));
    await reaches(client, client.id);
    assert.equal((await relay.post({ account: sub, type: 'to.the.account' })).json.recipients, 1);
    await client.event('to.the.account');
    client.close();
  });

  test('works without an ack', async () => {
    const [sub, room, entered] = [fresh('account'), fresh('room'), fresh('entered')];
    const client = await StockClient.join(relay.url, { token: publisherToken(room, { sub }) });
    client.socket.emit('relay:token_refresh', publisherToken(room, { sub, rooms: [entered] }));
    // The ack of what was sent behind it says that it was handled.
    assert.equal((await client.ask('client.next', 1)).ok, true);
    await reaches(client, entered);
    client.close();
  });

  test('is forgotten by a reconnect, which brings its own', async (t) => {
    const [sub, room, further] = [fresh('account'), fresh('room'), fresh('further')];
    const client = await roam(t, relay, { token: mint({ sub, sessionId: room }) });
    assert.equal((await refresh(client, mint({ sub, sessionId: room, rooms: [further] }))).ok, true);
    await reaches(client, further);

    await client.leave();
    await client.comeBack();

    await reaches(client, room);
    await reaches(client, further, false);
  });

  test('changes rooms with TOKEN_EXPIRY=connect as well', async () => {
    const [sub, room, entered] = [fresh('account'), fresh('room'), fresh('entered')];
    const client = await StockClient.join(likeNode.url, { token: mint({ sub, sessionId: room }) });
    assert.equal((await refresh(client, mint({ sub, sessionId: entered }))).ok, true);
    await reaches(client, entered, true, likeNode);
    await reaches(client, room, false, likeNode);
    client.close();
  });
});

describe('a bad token', { concurrency: true }, () => {
  const sub = fresh('account');
  const cases = [
    ['nothing', undefined, 'token_missing'],
    ['an empty text', '', 'token_missing'],
    ['null', null, 'token_missing'],
    ['a number', 7, 'token_malformed'],
    ['an object', { token: 'x' }, 'token_malformed'],
    ['no JWT', 'nonsense', 'token_malformed'],
    ['another secret', mint({ sub }, 'z'.repeat(40)), 'token_invalid'],
    ['alg none', sign({ alg: 'none' }, decode(mint({ sub })).claims), 'token_invalid'],
    ['its end', mint({ sub, exp: nowSeconds() - 60 }), 'token_expired'],
    ['its beginning', mint({ sub, nbf: nowSeconds() + 600 }), 'token_not_yet_valid'],
    ['another account', mint({ sub: fresh('another') }), 'claims_invalid'],
    ['no subscribe', mint({ sub, scope: ['publish'] }), 'claims_invalid'],
    ['a private room', mint({ sub, rooms: ['~account/ann'] }), 'claims_invalid'],
    ['a life that is too long', mint({ sub, exp: nowSeconds() + 100_000 }), 'claims_invalid'],
  ];
  for (const [what, token, code] of cases) {
    test(`is refused and changes nothing: ${what}, ${code}`, async () => {
      const [room, further] = [fresh('room'), fresh('further')];
      const claims = { sub, sessionId: room, rooms: [further] };
      const client = await StockClient.join(relay.url, { token: publisherToken(room, claims) });

      const { ok, code: given } = token === undefined ? await refresh(client) : await refresh(client, token);

      assert.deepEqual({ ok, code: given }, { ok: false, code });
      for (const kept of [room, further]) await reaches(client, kept);
      assert.equal((await client.ask('client.still', 1)).ok, true);
      client.close();
    });
  }

  test('does not extend the life', async () => {
    const client = await StockClient.join(relay.url, { token: mint({ ...nearlyOver(2), sub }) });
    assert.equal((await refresh(client, mint({ sub: fresh('another') }))).ok, false);
    assert.equal(await client.disconnected(), 'transport close');
    client.close();
  });
});
