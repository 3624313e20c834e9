// Who is in a room: GET /rooms/{room}/presence, and relay:joined and relay:left with PRESENCE_EVENTS.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES, StockClient } from './support/clients.mjs';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { eventually } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { API_KEY } from './support/settings.mjs';
import { mint } from './support/tokens.mjs';

const GRACE_S = 1;
const silent = await startRelay(test, { WORKERS: '2' });

async function presence(relay, room) {
  const response = await relay.get(`/rooms/${encodeURIComponent(room)}/presence`, {
    headers: { 'X-Relay-Key': API_KEY },
  });
  assert.equal(response.status, 200, response.text);
  assert.match(response.headers['content-type'], /^application\/json/);
  const { accounts, count, ...rest } = response.json;
  assert.deepEqual(rest, {});
  return { accounts: Object.fromEntries(accounts.map(({ account, sockets }) => [account, sockets])), count };
}

const join = (relay, room, sub, options) =>
  StockClient.join(relay.url, { token: mint({ sessionId: room, ...(sub && { sub }) }), ...options });

for (const workers of [1, 4]) {
  const relay = await startRelay(test, {
    WORKERS: String(workers),
    PRESENCE_EVENTS: 'true',
    PRESENCE_GRACE_S: String(GRACE_S),
  });

  /** [name, account] of what a client was told of others so far. */
  const told = (client) =>
    client.events
      .all(({ name }) => /^relay:(joined|left)$/.test(name))
      .map(({ name, args }) => [name, args[0].account]);

  const hears = (client, name, account) =>
    client.events.first((event) => event.name === name && event.args[0].account === account, `${name} of ${account}`);

  describe(`GET /rooms/{room}/presence; WORKERS=${workers}`, () => {
    test('counts accounts, and the sockets of each, in whatever way they are connected', async () => {
      const [room, ann, bob] = [fresh('room'), fresh('ann'), fresh('bob')];
      const modes = Object.keys(MODES);
      const ofAnn = await Promise.all(modes.map((mode) => join(relay, room, ann, { mode })));
      const ofBob = await StockClient.join(relay.url, { token: mint({ rooms: [room], sub: bob }) });
      const elsewhere = await join(relay, fresh('room'), ann);

      assert.deepEqual(await presence(relay, room), { accounts: { [ann]: 3, [bob]: 1 }, count: 2 });

      ofAnn[0].close();
      ofBob.close();
      const isOver = async () => JSON.stringify(await presence(relay, room)) === `{"accounts":{"${ann}":2},"count":1}`;
      await eventually(isOver, 'those who left are gone');
      for (const client of [...ofAnn, elsewhere]) client.close();
    });

    test('of a room that nobody is in is empty', async () => {
      assert.deepEqual(await presence(relay, fresh('room')), { accounts: {}, count: 0 });
    });
  });

  describe(`PRESENCE_EVENTS=true; WORKERS=${workers}`, { concurrency: true }, () => {
    test('the room hears of an account that comes, and of one that is gone longer than the grace', async () => {
      const [room, account] = [fresh('room'), fresh('account')];
      const witness = await WebSocketSession.join(relay.port, { token: mint({ sessionId: room }) });
      const client = await join(relay, room, account);
      await witness.packet(`42["relay:joined",{"account":"${account}"}]`);

      client.close();
      const closed = Date.now();
      await witness.packet(`42["relay:left",{"account":"${account}"}]`);

      const seconds = (Date.now() - closed) / 1000;
      assert.ok(seconds > GRACE_S * 0.9 && seconds < GRACE_S + 2, `relay:left after ${seconds} s`);
      witness.drop();
    });

    test('an account with several sockets comes once, and leaves with the last of them', async () => {
      const [room, account] = [fresh('room'), fresh('account')];
      const witness = await join(relay, room);
      const first = await join(relay, room, account);
      const second = await join(relay, room, account, { mode: 'polling' });
      const third = await join(relay, room, account);
      await hears(witness, 'relay:joined', account);

      first.close();
      third.close();
      // Another account's whole stay takes longer than the grace of the two that have left.
      const passerBy = await join(relay, room, fresh('passer-by'));
      const { args } = await witness.events.first(
        (event) => event.name === 'relay:joined' && event.args[0].account.startsWith('passer-by'),
      );
      passerBy.close();
      await hears(witness, 'relay:left', args[0].account);
      assert.deepEqual(
        told(witness).filter(([, who]) => who === account),
        [['relay:joined', account]],
      );

      second.close();
      await hears(witness, 'relay:left', account);
      witness.close();
    });

    test('who comes back within the grace, recovered or as a new socket, has neither left nor joined', async (t) => {
      const room = fresh('room');
      const accounts = ['recovering', 'new'].map(fresh);
      const witness = await join(relay, room);
      const recovering = await roam(t, relay, { token: mint({ sessionId: room, sub: accounts[0] }) });
      const renewed = await join(relay, room, accounts[1]);
      for (const account of accounts) await hears(witness, 'relay:joined', account);

      await recovering.leave();
      renewed.close();
      await relay.logLine('client disconnected', ({ account }) => account === accounts[0]);
      await relay.logLine('client disconnected', ({ account }) => account === accounts[1]);
      assert.equal((await recovering.comeBack()).recovered, true);
      const again = await join(relay, room, accounts[1]);

      // The stay of a third account outlasts the grace of the two.
      const third = fresh('third');
      (await join(relay, room, third)).close();
      await hears(witness, 'relay:left', third);
      assert.deepEqual(
        told(witness).filter(([, account]) => accounts.includes(account)),
        accounts.map((account) => ['relay:joined', account]),
      );
      for (const client of [witness, again]) client.close();
    });

    test('a room that a refreshed token no longer names is left, and the one it names is joined', async () => {
      const [sub, session, left, entered] = ['account', 'session', 'left', 'entered'].map(fresh);
      const [inLeft, inEntered] = [await join(relay, left), await join(relay, entered)];
      const client = await StockClient.join(relay.url, { token: mint({ sub, sessionId: session, rooms: [left] }) });
      await hears(inLeft, 'relay:joined', sub);

      const token = mint({ sub, sessionId: session, rooms: [entered] });
      assert.equal((await client.ask('relay:token_refresh', token)).ok, true);

      await hears(inEntered, 'relay:joined', sub);
      await hears(inLeft, 'relay:left', sub);
      assert.deepEqual((await presence(relay, left)).accounts[sub], undefined);
      assert.equal((await presence(relay, entered)).accounts[sub], 1);
      for (const each of [inLeft, inEntered, client]) each.close();
    });

    test('these events are in no history', async () => {
      const [room, account] = [fresh('room'), fresh('account')];
      const witness = await join(relay, room);
      const client = await join(relay, room, account);
      await hears(witness, 'relay:joined', account);
      const { json } = await relay.get(`/rooms/${room}/events`, { headers: { 'X-Relay-Key': API_KEY } });
      assert.deepEqual(json.events, []);
      for (const each of [witness, client]) each.close();
    });
  });
}

test('without PRESENCE_EVENTS nobody is told anything', async () => {
  const room = fresh('room');
  const witness = await join(silent, room);
  const passerBy = await join(silent, room);
  passerBy.close();
  await silent.logLine('client disconnected', ({ socketId }) => socketId !== witness.id);
  await silent.publish(room, 'sentinel');
  await witness.event('sentinel');
  assert.deepEqual(
    witness.events.items.map(({ name }) => name),
    ['sentinel'],
  );
  witness.close();
});
