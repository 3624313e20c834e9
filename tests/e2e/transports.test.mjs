// Every supported version of the stock client, over every transport: it joins, it hears events, it is acknowledged.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES, StockClient, VERSIONS } from './support/clients.mjs';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { mint, publisherToken } from './support/tokens.mjs';

const relay = await startRelay(test);

for (const version of Object.keys(VERSIONS)) {
  for (const mode of Object.keys(MODES)) {
    describe(`socket.io-client ${version}, transports: ${mode}`, () => {
      const join = (token) => StockClient.join(relay.url, { version, mode, token });

      test('joins the room of its token and gets the envelope', async () => {
        const room = fresh('room');
        const client = await join(mint({ sessionId: room }));
        const payload = { issueKey: 'SCRUM-1', text: 'é😀\u2028\u001e"\\', list: [1, null, { deep: true }] };

        const answer = await relay.publish(room, 'vote.cast', payload);

        assert.deepEqual(await client.envelope('vote.cast'), {
          type: 'vote.cast',
          payload,
          issuedAt: answer.issuedAt,
        });
        client.close();
      });

      test('gets an event that was published right after connect', async () => {
        const room = fresh('room');
        const client = await join(mint({ sessionId: room }));

        assert.equal((await relay.publish(room, 'at.once')).recipients, 1);

        await client.event('at.once');
        client.close();
      });

      test('its client event is acknowledged and reaches the others of the room', async () => {
        const room = fresh('room');
        const sender = await join(publisherToken(room, { sub: 'ann' }));
        const other = await join(mint({ sessionId: room }));

        const ack = await sender.ask('client.moved', { x: 1 });

        assert.equal(ack.ok, true);
        const { payload, from } = await other.envelope('client.moved');
        assert.deepEqual({ payload, from }, { payload: { x: 1 }, from: 'ann' });
        sender.close();
        other.close();
      });

      test('a bad token is a connect_error with its code', async () => {
        const error = await new StockClient(relay.url, { version, mode, token: 'nonsense' }).refused();

        assert.equal(error.message, 'Unauthorized');
        assert.deepEqual(error.data, { code: 'token_malformed' });
      });

      test('another namespace is a connect_error', async () => {
        const client = new StockClient(`${relay.url}/elsewhere`, { version, mode });

        assert.equal((await client.refused()).message, 'Invalid namespace');
      });

      test('50 events arrive once each and in order', async () => {
        const room = fresh('room');
        const client = await join(mint({ sessionId: room }));

        for (let number = 0; number < 50; number++) await relay.publish(room, 'tick', number);
        await relay.publish(room, 'sentinel');

        await client.event('sentinel');
        assert.deepEqual(
          client.payloads('tick'),
          Array.from({ length: 50 }, (_, number) => number),
        );
        client.close();
      });
    });
  }
}

describe('the open packet', () => {
  const keys = ['sid', 'upgrades', 'pingInterval', 'pingTimeout', 'maxPayload'];

  test('over polling has exactly the five keys, in order', async () => {
    const { handshake, opened } = await PollingSession.open(relay.port);

    assert.deepEqual(Object.keys(handshake), keys);
    assert.deepEqual(
      { ...handshake, sid: '' },
      {
        sid: '',
        upgrades: ['websocket'],
        pingInterval: 25000,
        pingTimeout: 20000,
        maxPayload: 1000000,
      },
    );
    assert.equal(opened.headers['content-type'], 'text/plain; charset=UTF-8');
    assert.equal(opened.headers['cache-control'], 'no-store');
  });

  test('over WebSocket offers no upgrades', async () => {
    const session = await WebSocketSession.open(relay.port);

    assert.deepEqual(Object.keys(session.handshake), keys);
    assert.deepEqual(session.handshake.upgrades, []);
    session.drop();
  });

  test('carries the settings of the relay', async (t) => {
    const tuned = await startRelay(t, {
      PING_INTERVAL_MS: '12345',
      PING_TIMEOUT_MS: '6789',
      MAX_PAYLOAD_BYTES: '54321',
      SOCKET_PATH: '/live/',
    });

    const { handshake } = await PollingSession.open(tuned.port, { path: '/live/' });

    const { pingInterval, pingTimeout, maxPayload } = handshake;
    assert.deepEqual(
      { pingInterval, pingTimeout, maxPayload },
      { pingInterval: 12345, pingTimeout: 6789, maxPayload: 54321 },
    );
    assert.equal((await tuned.get('/socket.io/?EIO=4&transport=polling')).status, 404);
  });

  test('is served with and without the slash at the end of the path, never redirected', async () => {
    for (const path of ['/socket.io/', '/socket.io']) {
      const { handshake } = await PollingSession.open(relay.port, { path });
      assert.ok(handshake.sid, path);
    }
  });
});

describe('the answer to CONNECT', () => {
  test('has a socket id of 20 characters that begins with ~ and is not the Engine.IO sid', async () => {
    const session = await WebSocketSession.join(relay.port);

    assert.match(session.socket.sid, /^~.{19}$/);
    assert.notEqual(session.socket.sid, session.handshake.sid);
    session.drop();
  });

  test('never repeats an Engine.IO sid or a socket id, and the sid is long enough to be a secret', async () => {
    const sessions = await Promise.all(Array.from({ length: 50 }, () => WebSocketSession.join(relay.port)));

    const ids = sessions.flatMap(({ handshake, socket }) => [handshake.sid, socket.sid]);
    assert.equal(new Set(ids).size, 100);
    for (const { handshake } of sessions) assert.match(handshake.sid, /^[\w-]{21,64}$/);
    sessions.forEach((session) => session.drop());
  });

  test('the last argument of an event, when there is a third, is the id of the 202', async () => {
    const room = fresh('room');
    const session = await WebSocketSession.join(relay.port, { token: mint({ sessionId: room }) });

    const { id } = await relay.publish(room, 'with.offset', 1);

    const [name, envelope, offset = id, ...more] = JSON.parse(await session.eventText('with.offset'));
    assert.deepEqual([name, envelope.payload, offset, more], ['with.offset', 1, id, []]);
    session.drop();
  });

  test('a poll response carries at most 16 packets', async () => {
    const room = fresh('room');
    const session = await PollingSession.join(relay.port, { token: mint({ sessionId: room }) });
    const batch = Array.from({ length: 40 }, (_, number) => ({ room, type: 'burst', payload: number }));
    assert.equal((await relay.post(batch)).status, 202);

    const sizes = [];
    while (sizes.reduce((sum, size) => sum + size, 0) < 40) {
      sizes.push((await session.get()).text.split('\x1e').length);
    }

    assert.ok(Math.max(...sizes) <= 16, `packets in the responses: ${sizes}`);
    assert.equal(
      sizes.reduce((sum, size) => sum + size, 0),
      40,
    );
  });
});
