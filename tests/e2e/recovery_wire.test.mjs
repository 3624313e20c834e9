// Connection state recovery packet by packet: what a CONNECT with a pid and an offset is answered with.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { departed, heardUpToNow, namesOf, resume } from './support/departed.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { mint, nowSeconds, publisherToken } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '2' });
const another = await startRelay(test, { WORKERS: '2' });

describe('a CONNECT with pid and offset', () => {
  test('is answered with the same sid and pid; then comes what was missed, each with its offset', async () => {
    const { room, token, sid, pid, offset } = await departed(relay);
    const missed = [];
    for (const type of ['one', 'two', 'three']) missed.push([type, (await relay.publish(room, type)).id]);

    const session = await resume(relay, { pid, offset, token });

    assert.deepEqual(session.socket, { sid, pid });
    const heard = await heardUpToNow(relay, session, room);
    assert.match(session.packets.items[0], /^40\{/);
    assert.deepEqual(
      heard.map(([name, , position]) => [name, position]),
      missed,
    );
  });

  test('replays payloads byte for byte', async () => {
    const { room, token, pid, offset } = await departed(relay);
    const payload = '{"b":1.0,"a":9007199254740993,"a":"\\u00e9/\\/"}';
    const { id } = (await relay.post(`{"room":"${room}","type":"exact","payload":${payload}}`)).json;

    const session = await resume(relay, { pid, offset, token });

    const text = await session.eventText('exact');
    assert.ok(text.startsWith(`["exact",{"type":"exact","payload":${payload},"issuedAt":"`), text);
    assert.ok(text.endsWith(`"},"${id}"]`), text);
    session.drop();
  });

  test('does not spend the pid: the same replay can be had again', async () => {
    const { room, token, sid, pid, offset } = await departed(relay);
    await relay.publish(room, 'missed');
    for (let round = 0; round < 3; round++) {
      const session = await resume(relay, { pid, offset, token });
      await session.eventText('missed');
      assert.deepEqual(session.socket, { sid, pid });
      assert.deepEqual(namesOf(session.heard), ['missed']);
      session.drop();
    }
  });

  test('over polling: the answer first, then the replay, at most 16 packets in a response', async () => {
    const { room, token, sid, pid, offset } = await departed(relay);
    for (let number = 1; number <= 50; number++) await relay.publish(room, 'missed', number);
    const session = await PollingSession.open(relay.port);
    await session.post(`40${JSON.stringify({ pid, offset, token })}`);

    const packets = [];
    while (packets.length < 51) {
      const received = (await session.get()).text.split('\x1e');
      assert.ok(received.length <= 16, `${received.length} packets in a response`);
      packets.push(...received);
    }

    assert.deepEqual(JSON.parse(packets[0].slice(2)), { sid, pid });
    assert.deepEqual(
      packets.slice(1).map((packet) => JSON.parse(packet.slice(2))[1].payload),
      Array.from({ length: 50 }, (_, index) => index + 1),
    );
  });

  test('may be followed by events at once: they are handled behind it, in order', async () => {
    const room = fresh('room');
    const token = publisherToken(room);
    const ghost = await WebSocketSession.join(relay.port, { token });
    const { sid, pid } = ghost.socket;
    const session = await PollingSession.open(relay.port);
    const connect = `40${JSON.stringify({ pid, token })}`;

    await session.post([connect, '420["client.first",1]', '421["client.second",2]'].join('\x1e'));

    const packets = await session.packets(3);
    assert.deepEqual(JSON.parse(packets[0].slice(2)), { sid, pid });
    assert.deepEqual(
      packets.slice(1).map((packet) => packet.slice(0, 14)),
      ['430[{"ok":true', '431[{"ok":true'],
    );
    await ghost.packets.finished('the end of the connection that was replaced');
  });

  test('recovers on the same connection, too, after a DISCONNECT', async () => {
    const room = fresh('room');
    const token = mint({ sessionId: room });
    const session = await WebSocketSession.join(relay.port, { token });
    const { sid, pid } = session.socket;
    session.send('41');
    await relay.logLine('client disconnected', ({ socketId }) => socketId === sid);
    await relay.publish(room, 'missed');

    session.send(`40${JSON.stringify({ pid, token })}`);

    await session.eventText('missed');
    const answers = session.packets.all((packet) => packet.startsWith('40'));
    assert.deepEqual(JSON.parse(answers[1].slice(2)), { sid, pid });
    assert.deepEqual(namesOf(await heardUpToNow(relay, session, room)), ['missed']);
  });

  test('leaves nothing behind when its connection is dropped before the answer', async () => {
    const { room, token, sid, pid, offset } = await departed(relay);
    for (let round = 0; round < 50; round++) {
      const session = await WebSocketSession.open(relay.port);
      session.send(`40${JSON.stringify({ pid, offset, token })}`);
      session.websocket.connection.socket.end();
    }
    const session = await resume(relay, { pid, offset, token });
    assert.equal(session.socket.sid, sid);
    assert.deepEqual(await heardUpToNow(relay, session, room), []);
  });

  test('replays the rooms of the token it brings', async () => {
    const [sub, kept, left, entered] = [fresh('account'), fresh('kept'), fresh('left'), fresh('entered')];
    const { pid } = await departed(relay, { sub, sessionId: kept, rooms: [left] });
    for (const [type, room] of Object.entries({ left, entered, kept })) await relay.publish(room, type);

    const session = await resume(relay, { pid, token: mint({ sub, sessionId: kept, rooms: [entered] }) });

    assert.deepEqual(namesOf(await heardUpToNow(relay, session, kept)).slice(-2), ['entered', 'kept']);
    assert.ok(!namesOf(session.heard).includes('left'));
  });

  test('is refused with a token that is not good', async () => {
    const { room, sub, pid, offset } = await departed(relay);
    const session = await WebSocketSession.open(relay.port);
    const token = mint({ sub, sessionId: room, exp: nowSeconds() - 60 });

    session.send(`40${JSON.stringify({ pid, offset, token })}`);

    assert.deepEqual(JSON.parse((await session.packet('44')).slice(2)).data, { code: 'token_expired' });
    session.drop();
  });
});

describe('where the replay begins', () => {
  test('without an offset: where the socket was connected', async () => {
    const { room, token, sid, pid } = await departed(relay);
    const session = await resume(relay, { pid, token });
    assert.equal(session.socket.sid, sid);
    assert.deepEqual(namesOf(await heardUpToNow(relay, session, room)), ['seen']);
  });

  test('with an offset from before the socket was connected: where it was connected', async () => {
    const room = fresh('room');
    const token = mint({ sessionId: room });
    const { id: offset } = await relay.publish(room, 'of.another.life');
    await relay.publish(room, 'before');
    const first = await WebSocketSession.join(relay.port, { token });
    const { sid, pid } = first.socket;
    first.drop();
    await relay.publish(room, 'missed');

    const session = await resume(relay, { pid, offset, token });

    assert.equal(session.socket.sid, sid);
    assert.deepEqual(namesOf(await heardUpToNow(relay, session, room)), ['missed']);
  });

  test('with an offset of another epoch: where the socket was connected', async () => {
    const { room, token, sid, pid } = await departed(relay);
    const { id: offset } = await another.publish(room, 'elsewhere');

    const session = await resume(relay, { pid, offset, token });

    assert.equal(session.socket.sid, sid);
    assert.deepEqual(namesOf(await heardUpToNow(relay, session, room)), ['seen']);
  });
});
