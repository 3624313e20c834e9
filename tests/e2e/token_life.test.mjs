// A token's life while its socket is connected: the warning, the end, and the way back.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { untilTime } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { mint, nowSeconds } from './support/tokens.mjs';

const relay = await startRelay(test, { JWT_CLOCK_TOLERANCE_S: '0' });

/** A token of which only the last `seconds` are left. */
const nearlyOver = (seconds, changes = {}) =>
  mint({ iat: nowSeconds() - 500, exp: nowSeconds() + seconds, ...changes });

describe('the end', { concurrency: true }, () => {
  test('relay:token_expiring, then relay:closing, then an empty Close frame, and never a Socket.IO DISCONNECT', async () => {
    const exp = nowSeconds() + 3;
    const session = await WebSocketSession.join(relay.port, { token: nearlyOver(3, { exp }) });

    const close = await session.closeFrame('the close at exp');

    const seconds = Date.now() / 1000 - exp;
    assert.ok(seconds > -0.2 && seconds < 3, `closed ${seconds.toFixed(2)} s after exp`);
    assert.deepEqual(close, { code: null, reason: '' });
    assert.deepEqual(session.packets.items.slice(1), [
      `42["relay:token_expiring",{"exp":${exp}}]`,
      '42["relay:closing",{"code":"token_expired","reconnect":true}]',
    ]);
  });

  test('over polling: the packets first, then a close', async () => {
    const session = await PollingSession.join(relay.port, { token: nearlyOver(2) });

    const packets = session.unread;
    let response = await session.get();
    for (; response.status === 200; response = await session.get()) {
      packets.push(...response.text.split('\x1e').filter((packet) => packet !== '6'));
    }

    assert.match(packets[0], /^42\["relay:token_expiring",\{"exp":\d+\}\]$/);
    assert.deepEqual(packets.slice(1), ['42["relay:closing",{"code":"token_expired","reconnect":true}]', '1']);
    assert.deepEqual(response.json, { code: 1, message: 'Session ID unknown' });
  });

  test('a stock client with an auth function comes back by itself with a new token', async () => {
    const room = fresh('room');
    const minted = [];
    const auth = (give) => {
      minted.push(minted.length === 0 ? nearlyOver(2, { sessionId: room }) : mint({ sessionId: room }));
      give({ token: minted.at(-1) });
    };
    const client = new StockClient(relay.url, {
      auth,
      reconnection: true,
      reconnectionDelay: 50,
      reconnectionDelayMax: 100,
    });
    await client.connected();

    assert.equal(await client.disconnected(), 'transport close');
    await client.connects.atLeast(2, () => true, 'connects');
    await relay.publish(room, 'welcome.back');

    await client.event('welcome.back');
    assert.equal(minted.length, 2);
    const closing = await client.event('relay:closing');
    assert.deepEqual(closing.args, [{ code: 'token_expired', reconnect: true }]);
    client.close();
  });

  test('others in the room are not touched', async () => {
    const room = fresh('room');
    const staying = await StockClient.join(relay.url, { token: mint({ sessionId: room }) });
    const leaving = await StockClient.join(relay.url, { token: nearlyOver(2, { sessionId: room }) });

    await leaving.disconnected();
    assert.equal((await relay.publish(room, 'sentinel')).recipients, 1);

    await staying.event('sentinel');
    assert.deepEqual(staying.disconnects.items, []);
    staying.close();
  });

  test('waits for the clock tolerance', async (t) => {
    const lenient = await startRelay(t, { JWT_CLOCK_TOLERANCE_S: '2' });
    const exp = nowSeconds() + 1;
    const session = await WebSocketSession.join(lenient.port, { token: nearlyOver(1, { exp }) });

    await session.closeFrame('the close after exp and the tolerance');

    assert.ok(Date.now() / 1000 >= exp + 1.8, `closed ${Date.now() / 1000 - exp} s after exp`);
  });

  test('with TOKEN_EXPIRY=connect a socket outlives its token', async (t) => {
    const likeNode = await startRelay(t, { TOKEN_EXPIRY: 'connect', JWT_CLOCK_TOLERANCE_S: '0' });
    const room = fresh('room');
    const exp = nowSeconds() + 2;
    const session = await WebSocketSession.join(likeNode.port, { token: nearlyOver(2, { exp, sessionId: room }) });

    await untilTime((exp + 1.5) * 1000);
    await likeNode.publish(room, 'sentinel');

    await session.packet('42["sentinel"');
    assert.equal(session.events('relay:closing').length, 0);
    session.drop();
  });
});

describe('relay:token_expiring', () => {
  test('comes once, at a moment between a fifth and a tenth of the life before exp', async () => {
    const exp = nowSeconds() + 10;
    const session = await WebSocketSession.join(relay.port, { token: mint({ iat: exp - 10, exp }) });

    const packet = await session.packet('42["relay:token_expiring"', 12_000);
    const before = exp - Date.now() / 1000;

    assert.equal(packet, `42["relay:token_expiring",{"exp":${exp}}]`);
    assert.ok(before > 0.4 && before < 2.3, `it came ${before.toFixed(2)} s before exp, of a life of 10 s`);
    await session.closeFrame();
    assert.equal(session.events('relay:token_expiring').length, 1);
  });

  test('comes at once for a token that is already inside that stretch', async () => {
    const exp = nowSeconds() + 110;
    const sessions = await Promise.all(
      Array.from({ length: 5 }, () => WebSocketSession.join(relay.port, { token: mint({ iat: exp - 5000, exp }) })),
    );
    for (const session of sessions) {
      await session.packet(`42["relay:token_expiring",{"exp":${exp}}]`, 3000);
      session.drop();
    }
  });

  test('does not come early', async () => {
    const room = fresh('room');
    const session = await WebSocketSession.join(relay.port, { token: mint({ sessionId: room }) });

    await relay.publish(room, 'sentinel');

    await session.packet('42["sentinel"');
    assert.equal(session.events('relay:token_expiring').length, 0);
    session.drop();
  });
});
