// How sessions end: by the client, by the server, by an error of Engine.IO, and by an error of RFC 6455.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { startEchoServer } from './support/echo_server.mjs';
import { startEngineTargets } from './support/engine_targets.mjs';
import { request } from './support/raw_http.mjs';
import { frame, OPCODE } from './support/raw_websocket.mjs';

const EMPTY = { code: null, reason: '' };

for (const target of await startEngineTargets(test)) {
  const open = () => target.openWebSocket();

  async function isGone(session) {
    const response = await request(
      target.port,
      'GET',
      `${target.path}?EIO=4&transport=polling&sid=${session.handshake.sid}`,
    );
    assert.deepEqual([response.status, response.json.code], [400, 1]);
  }

  describe(`${target.name}: the client closes its WebSocket`, () => {
    const cases = [
      ['without a code', [], EMPTY],
      ['with 1000', [1000], { code: 1000, reason: '' }],
      ['with 4000 "bye"', [4000, 'bye'], { code: 4000, reason: 'bye' }],
      ['with 3000 and a long reason', [3000, 'é'.repeat(61)], { code: 3000, reason: 'é'.repeat(61) }],
    ];
    for (const [name, close, echoed] of cases) {
      test(`${name}: it is echoed`, async () => {
        const session = await open();
        session.websocket.sendClose(...close);
        assert.deepEqual(await session.closeFrame(), echoed);
        await isGone(session);
      });
    }

    test('by a packet 1: closed at once', async () => {
      const session = await open();
      session.send('1');
      assert.deepEqual(await session.closeFrame(), EMPTY);
      await isGone(session);
    });
  });

  describe(`${target.name}: an error of Engine.IO is an empty Close frame`, () => {
    for (const packet of ['', '7', 'abc', '2', '2probe', '9']) {
      test(JSON.stringify(packet), async () => {
        const session = await open();
        session.send(packet);
        assert.deepEqual(await session.closeFrame(), EMPTY);
        await isGone(session);
      });
    }

    test('what went before it was handled', async () => {
      const session = await open();
      const wasHandled = await target.witness(session);
      session.send(target.message(1)).send('nonsense');
      await session.closeFrame();
      await wasHandled(1, session.packets.items);
    });
  });

  describe(`${target.name}: an error of RFC 6455`, () => {
    const frames = {
      'an unmasked frame': [1002, frame(OPCODE.text, '3', { masked: false })],
      'RSV1 without an extension': [1002, frame(OPCODE.text, '3', { rsv: 4 })],
      RSV2: [1002, frame(OPCODE.text, '3', { rsv: 2 })],
      RSV3: [1002, frame(OPCODE.text, '3', { rsv: 1 })],
      'opcode 3': [1002, frame(3, '3')],
      'opcode 11': [1002, frame(11, '3')],
      'a fragmented ping': [1002, frame(OPCODE.ping, 'x', { fin: false })],
      'a ping of 126 bytes': [1002, frame(OPCODE.ping, 'x'.repeat(126))],
      'a continuation of nothing': [1002, frame(OPCODE.continuation, '3')],
      'a text frame inside a message': [
        1002,
        Buffer.concat([frame(OPCODE.text, '3', { fin: false }), frame(OPCODE.text, '3')]),
      ],
      'a Close frame of one byte': [1002, frame(OPCODE.close, 'x')],
      'close code 999': [1002, frame(OPCODE.close, Buffer.from([3, 231]))],
      'close code 1005': [1002, frame(OPCODE.close, Buffer.from([3, 237]))],
      'close code 5000': [1002, frame(OPCODE.close, Buffer.from([19, 136]))],
      'text that is not UTF-8': [1007, frame(OPCODE.text, Buffer.from([0x33, 0xff]))],
      'text that ends within a character': [1007, frame(OPCODE.text, Buffer.from([0x33, 0xe2, 0x82]))],
      'an encoded surrogate': [1007, frame(OPCODE.text, Buffer.from([0x33, 0xed, 0xa0, 0x80]))],
      'a close reason that is not UTF-8': [1007, frame(OPCODE.close, Buffer.from([3, 232, 0xff]))],
      'a length of 2^40': [1009, frame(OPCODE.text, '', { declaredLength: 2 ** 40 })],
      'a length of 2^63': [1009, frame(OPCODE.text, '', { declaredLength: 2n ** 63n })],
      'one byte over maxPayload': [1009, frame(OPCODE.text, `3${'x'.repeat(1_000_000)}`)],
      'fragments over maxPayload': [
        1009,
        Buffer.concat([
          frame(OPCODE.text, `3${'x'.repeat(600_000)}`, { fin: false }),
          frame(OPCODE.continuation, 'x'.repeat(600_000)),
        ]),
      ],
    };
    for (const [name, [code, bytes]] of Object.entries(frames)) {
      test(`${name} is ${code}`, async () => {
        const session = await open();
        session.websocket.sendRaw(bytes);
        const close = await session.closeFrame();
        // RFC 6455, 5.5: a control frame over 125 bytes or a length with the highest bit set is a protocol error as well.
        const allowed = name === 'a length of 2^63' ? [1002, 1009] : [code];
        assert.ok(allowed.includes(close.code), `closed with ${close.code}`);
        await isGone(session);
      });
    }

    test('right after the handshake harms nobody', async () => {
      const session = await WebSocketSession.open(target.port, { path: target.path });
      session.websocket.sendRaw(Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
      assert.equal((await session.closeFrame()).code, 1002);
    });
  });

  describe(`${target.name}: what is no error`, () => {
    test('exactly maxPayload bytes, also in fragments with a ping between', async () => {
      const session = await open();
      session.send(`3${'x'.repeat(session.handshake.maxPayload - 1)}`);
      session.websocket.sendRaw(frame(OPCODE.text, '3', { fin: false }));
      session.websocket.sendRaw(frame(OPCODE.ping, 'between'));
      session.websocket.sendRaw(frame(OPCODE.continuation, 'x', { fin: false }));
      session.websocket.sendRaw(frame(OPCODE.continuation, 'y'));
      session.send(target.message(1));

      await session.packets.first((packet) => target.isReply(1, packet), 'a reply');
      const pong = await session.websocket.frames.first(({ opcode }) => opcode === OPCODE.pong, 'a Pong');
      assert.equal(`${pong.payload}`, 'between');
      session.drop();
    });

    test('packets that come byte by byte', async () => {
      const session = await open();
      for (const byte of frame(OPCODE.text, target.message(5))) {
        await new Promise((resolve) => session.websocket.connection.socket.write(Buffer.from([byte]), resolve));
      }
      await session.packets.first((packet) => target.isReply(5, packet), 'a reply');
      session.drop();
    });

    test('frames of the server are whole and unmasked', async () => {
      const session = await open();
      session.send(target.message(1));
      await session.packets.first((packet) => target.isReply(1, packet), 'a reply');
      for (const { fin, rsv, masked } of session.websocket.frames.items) {
        assert.deepEqual({ fin, rsv, masked }, { fin: true, rsv: 0, masked: false });
      }
      session.drop();
    });
  });
}

// A session on which no namespace is joined in time is closed by the server, with nothing to say before.
const echo = await startEchoServer(test, { 'connect-timeout-ms': 400 });

describe('the server closes', () => {
  test('a parked GET gets 1', async () => {
    const session = await PollingSession.open(echo.port);
    assert.equal((await session.get()).text, '1');
    assert.equal((await session.get()).json.code, 1);
  });

  test('a WebSocket gets an empty Close frame', async () => {
    const session = await WebSocketSession.open(echo.port);
    assert.deepEqual(await session.closeFrame(), EMPTY);
  });

  test('without a parked GET the next one gets 6 and 1, and then the sid is gone', async () => {
    const waiting = await PollingSession.open(echo.port);
    // Opened later, so closed later: when this one is told, the other was closed before.
    const later = await PollingSession.open(echo.port);
    assert.equal((await later.get()).text, '1');

    assert.equal((await waiting.get()).text, '6\x1e1');
    assert.equal((await waiting.get()).json.code, 1);
  });
});
