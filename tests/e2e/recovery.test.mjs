// Connection state recovery as the stock client does it: who comes back within the window gets what was missed, once,
// in order and before anything live, and is the same socket as before.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES, StockClient } from './support/clients.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { mint, nowSeconds, publisherToken } from './support/tokens.mjs';

const numbered = (name, count) => Array.from({ length: count }, (_, index) => [name, index + 1]);

for (const workers of [1, 4]) {
  const relay = await startRelay(test, { WORKERS: String(workers) });

  /** A client in a room of its own that has got one event, `seen`. */
  async function settled(scope, { mode = 'websocket', claims = {}, ...options } = {}) {
    const [room, sub] = [fresh('room'), fresh('account')];
    const token = mint({ sessionId: room, sub, ...claims });
    const client = Object.assign(await roam(scope, relay, { mode, token, ...options }), { room, sub });
    await relay.publish(room, 'seen');
    await client.event('seen');
    return client;
  }

  /** Everything the client has got, after one more event that is live. */
  async function heardUpToNow(client) {
    const type = fresh('live');
    assert.equal((await relay.publish(client.room, type)).recipients, 1);
    await client.event(type);
    assert.deepEqual(client.heard.at(-1), [type, {}]);
    return client.heard.slice(0, -1);
  }

  describe(`a stock client that comes back; WORKERS=${workers}`, () => {
    for (const mode of Object.keys(MODES)) {
      test(`gets what it missed, once, in order and before what is live; ${mode}`, async (t) => {
        const client = await settled(t, { mode });
        const { id, room, sub } = client;
        await client.leave();

        for (const [type, number] of numbered('missed', 20)) await relay.publish(room, type, number);
        await relay.post({ account: sub, type: 'missed', payload: 21 });
        await relay.post({ rooms: [room, fresh('other')], account: sub, type: 'missed', payload: 22 });

        assert.deepEqual(await client.comeBack(), { id, recovered: true });
        assert.deepEqual(await heardUpToNow(client), [['seen', {}], ...numbered('missed', 22)]);
        assert.deepEqual(client.notices, []);
      });

      test(`has recovered also when it missed nothing, and gets nothing twice; ${mode}`, async (t) => {
        const client = await settled(t, { mode });
        const { id } = client;

        for (let round = 0; round < 3; round++) {
          await client.leave();
          assert.deepEqual(await client.comeBack(), { id, recovered: true });
        }

        assert.deepEqual(await heardUpToNow(client), [['seen', {}]]);
      });

      test(`recovers from where it joined if it has seen no event yet; ${mode}`, async (t) => {
        const room = fresh('room');
        await relay.publish(room, 'before.it.came');
        const client = await roam(t, relay, { mode, token: mint({ sessionId: room }) });
        const { id } = Object.assign(client, { room });
        await client.leave();
        for (const [type, number] of numbered('missed', 3)) await relay.publish(room, type, number);

        assert.deepEqual(await client.comeBack(), { id, recovered: true });
        assert.deepEqual(await heardUpToNow(client), numbered('missed', 3));
      });
    }

    test('recovers again and again, also when it is cut before it saw anything live', async (t) => {
      const client = await settled(t);
      const { id, room } = client;
      for (const [type, number] of numbered('missed', 10)) {
        await client.leave();
        await relay.publish(room, type, number);
        assert.deepEqual(await client.comeBack(), { id, recovered: true });
      }
      assert.deepEqual(await heardUpToNow(client), [['seen', {}], ...numbered('missed', 10)]);
    });

    for (const mode of Object.keys(MODES)) {
      test(`recovers after its own disconnect() as well, at once or later; ${mode}`, async (t) => {
        const client = await settled(t, { mode });
        const { id, room } = client;

        client.socket.disconnect().connect();
        assert.deepEqual((await client.arrivals.atLeast(2))[1], { id, recovered: true });

        client.socket.disconnect();
        for (const [type, number] of numbered('missed', 3)) await relay.publish(room, type, number);
        client.socket.connect();
        assert.deepEqual((await client.arrivals.atLeast(3))[2], { id, recovered: true });
        assert.deepEqual(await heardUpToNow(client), [['seen', {}], ...numbered('missed', 3)]);
      });
    }

    for (const mode of Object.keys(MODES)) {
      test(`takes the place of an old connection that the relay believes to be alive; ${mode}`, async (t) => {
        const client = await settled(t, { mode });
        const { id, room } = client;
        await client.leave({ side: 'client' });
        assert.equal((await relay.publish(room, 'missed', 1)).recipients, 1, 'the relay has not noticed');

        assert.deepEqual(await client.comeBack(), { id, recovered: true });

        assert.equal((await relay.publish(room, 'missed', 2)).recipients, 1);
        assert.deepEqual(await heardUpToNow(client), [['seen', {}], ...numbered('missed', 2)]);
        await relay.logLine('client disconnected', ({ socketId }) => socketId === id);
      });
    }
  });

  describe(`what is replayed; WORKERS=${workers}`, () => {
    test('is what the client would have got: not what excepts it, what is volatile, or what is for others', async (t) => {
      const client = await settled(t);
      const { id, room, sub } = client;
      const sibling = await StockClient.join(relay.url, { token: publisherToken(room, { sub }) });
      const post = async (event) => assert.equal((await relay.post(event)).status, 202);
      await client.leave();

      await post({ room, type: 'in.its.room' });
      await post({ room, type: 'not.this', except: [id] });
      await post({ room, type: 'excepts.another', except: [sibling.id] });
      await post({ room, type: 'not.kept', delivery: 'volatile' });
      await post({ room: fresh('room'), type: 'not.here' });
      await post({ account: fresh('account'), type: 'not.to.it' });
      await post({ account: sub, type: 'to.its.account' });
      await post({ room: `~account/${sub}`, type: 'to.its.account.by.name' });
      await post({ room: id, type: 'to.it.alone' });
      await post({ rooms: [room, id], account: sub, type: 'once' });
      assert.equal((await sibling.ask('client.said', {})).ok, true);
      sibling.close();

      assert.equal((await client.comeBack()).recovered, true);
      assert.deepEqual(
        (await heardUpToNow(client)).map(([name]) => name),
        [
          ...['seen', 'in.its.room', 'excepts.another', 'to.its.account', 'to.its.account.by.name', 'to.it.alone'],
          ...['once', 'client.said'],
        ],
      );
    });

    test("is not the client's own events, of which it had the ack", async (t) => {
      const client = await settled(t, { claims: { scope: ['subscribe', 'publish'] } });
      for (const number of [1, 2, 3]) assert.equal((await client.ask('client.own', number)).ok, true);

      await client.leave();
      assert.equal((await client.comeBack()).recovered, true);

      assert.deepEqual(await heardUpToNow(client), [['seen', {}]]);
    });

    test('begins behind a volatile event, if that was the last the client saw', async (t) => {
      const client = await settled(t);
      await relay.publish(client.room, 'vapour', 0, { delivery: 'volatile' });
      await client.event('vapour');

      await client.leave();
      await relay.publish(client.room, 'missed', 1);
      assert.equal((await client.comeBack()).recovered, true);

      assert.deepEqual(await heardUpToNow(client), [
        ['seen', {}],
        ['vapour', 0],
        ['missed', 1],
      ]);
    });
  });

  describe(`the token of a client that comes back; WORKERS=${workers}`, () => {
    test("rules its rooms: what is replayed and what is live are the new token's", async (t) => {
      const [sub, room, left, entered] = [fresh('account'), fresh('kept'), fresh('left'), fresh('entered')];
      const tokens = [left, entered].map((further) => mint({ sub, sessionId: room, rooms: [further] }));
      const auth = (give) => give({ token: tokens.length > 1 ? tokens.shift() : tokens[0] });
      const client = Object.assign(await roam(t, relay, { auth }), { room });
      const publishToAll = async (moment) => {
        for (const [name, target] of Object.entries({ left, entered, room })) {
          await relay.publish(target, `${moment}.${name}`);
        }
      };
      await client.leave();

      await publishToAll('replayed');
      assert.equal((await client.comeBack()).recovered, true);
      await publishToAll('live');

      const names = (await heardUpToNow(client)).map(([name]) => name);
      assert.deepEqual(names, ['replayed.entered', 'replayed.room', 'live.entered', 'live.room']);
    });

    test('may have ended: the client comes back by itself with the next one, and recovers', async (t) => {
      const [sub, room] = [fresh('account'), fresh('room')];
      const first = mint({ sub, sessionId: room, iat: nowSeconds() - 500, exp: nowSeconds() - 3 });
      const tokens = [first, mint({ sub, sessionId: room })];
      const auth = (give) => give({ token: tokens.length > 1 ? tokens.shift() : tokens[0] });
      const client = Object.assign(await roam(t, relay, { auth }), { room });
      const { id } = client;
      client.socket.once('disconnect', () => (client.proxy.refuse = true));
      assert.equal(await client.disconnected(), 'transport close');
      await relay.publish(room, 'missed', 1);

      assert.deepEqual(await client.comeBack(), { id, recovered: true });
      assert.deepEqual(await heardUpToNow(client), numbered('missed', 1));
      assert.deepEqual(
        client.notices.map(([name]) => name),
        ['relay:token_expiring', 'relay:closing'],
      );
    });

    test('is checked again, and a bad one is refused as ever', async (t) => {
      const [sub, room] = [fresh('account'), fresh('room')];
      let token = mint({ sub, sessionId: room });
      const client = Object.assign(await roam(t, relay, { auth: (give) => give({ token }) }), { room });
      const { id } = client;
      await client.leave();
      await relay.publish(room, 'missed', 1);
      token = mint({ sub, sessionId: room, exp: nowSeconds() - 60 });
      client.proxy.refuse = false;

      const refusal = await client.errors.first(({ data }) => data !== undefined, 'CONNECT_ERROR');
      assert.deepEqual([refusal.message, refusal.data.code], ['Unauthorized', 'token_expired']);
      assert.deepEqual(client.heard, []);

      token = mint({ sub, sessionId: room });
      client.socket.connect();
      assert.deepEqual((await client.arrivals.atLeast(2))[1], { id, recovered: true });
      assert.deepEqual(await heardUpToNow(client), numbered('missed', 1));
    });
  });
}
