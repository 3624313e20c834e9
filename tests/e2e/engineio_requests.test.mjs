// Engine.IO requests that are refused: which check comes first, and what the answer looks like, over HTTP and on upgrades.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { pollingTarget, websocketTarget } from './support/engine.mjs';
import { startEngineTargets } from './support/engine_targets.mjs';
import { RawConnection, request, requestText } from './support/raw_http.mjs';
import { RawWebSocket, upgradeHeaders } from './support/raw_websocket.mjs';

const MESSAGES = [
  'Transport unknown',
  'Session ID unknown',
  'Bad handshake method',
  'Bad request',
  'Forbidden',
  'Unsupported protocol version',
];

for (const target of await startEngineTargets(test)) {
  const { port, path } = target;

  /** The code of a refusal, after its form was checked. */
  async function codeOf(method, query, options = {}) {
    const response = await request(port, method, `${path}${query}`, options);
    assert.equal(response.status, 400, `${method} ${query}: ${response.head}`);
    if (method === 'HEAD') return null;
    assert.equal(response.headers['content-type'], 'application/json');
    assert.equal(response.headers['cache-control'], undefined);
    const { code, message } = response.json;
    assert.equal(response.text, `{"code":${code},"message":"${message}"}`);
    assert.equal(message, MESSAGES[code]);
    return code;
  }

  async function isOpened(query) {
    const response = await request(port, 'GET', `${path}${query}`);
    assert.equal(response.status, 200, `${query}: ${response.text}`);
    assert.match(response.text, /^0\{"sid":/);
  }

  async function stillTalks(session) {
    await session.post(target.message(1));
    assert.ok(target.isReply(1, (await session.packets(1))[0]));
  }

  describe(`${target.name}: without a sid`, () => {
    const refusals = [
      [0, 'GET', '?EIO=4'],
      [0, 'GET', ''],
      [0, 'GET', '?EIO=4&transport='],
      [0, 'GET', '?EIO=4&transport=Polling'],
      [0, 'GET', '?EIO=4&transport=webtransport'],
      [0, 'GET', '?EIO=4&transport=constructor'],
      [0, 'GET', '?EIO=4&transport=__proto__'],
      [0, 'POST', '?transport=nonsense&sid=nonsense'],
      [2, 'POST', '?EIO=4&transport=polling'],
      [2, 'PUT', '?EIO=4&transport=polling'],
      [2, 'DELETE', '?EIO=4&transport=polling'],
      [2, 'POST', '?transport=polling'],
      [3, 'GET', '?EIO=4&transport=websocket'],
      [5, 'GET', '?transport=polling'],
      [5, 'GET', '?EIO=3&transport=polling'],
      [5, 'GET', '?EIO=5&transport=polling'],
      [5, 'GET', '?EIO=04&transport=polling'],
      [5, 'GET', '?EIO=4&EIO=3&transport=polling'],
    ];
    for (const [code, method, query] of refusals) {
      test(`${method} ${query || '(no query)'} is code ${code}`, async () => {
        assert.equal(await codeOf(method, query), code);
      });
    }

    test('HEAD is refused without a body', () => codeOf('HEAD', '?EIO=4&transport=polling'));

    test('OPTIONS is 204 with CORS, code 2 without', async () => {
      const response = await request(port, 'OPTIONS', `${path}?EIO=4&transport=polling`);
      if (response.status === 204) return assert.ok('access-control-allow-origin' in response.headers);
      assert.equal(target.isRelay, false, 'the relay has CORS');
      assert.deepEqual([response.status, response.json.code], [400, 2]);
    });

    const handshakes = [
      '?EIO=4&transport=polling&sid=',
      '?EIO=3&EIO=4&transport=polling',
      '?transport=websocket&transport=polling&EIO=4',
      '?foo=bar&transport=polling&t=PqXyZ01&EIO=4&b=%zz',
      '?EIO=4&transport=%70olling',
      '?EIO=4&transport=polling&__proto__=x&a&&=b',
    ];
    for (const query of handshakes) test(`GET ${query} is a handshake`, () => isOpened(query));

    test('an Origin with a control character is 400', async () => {
      const response = await request(port, 'GET', pollingTarget(path), { headers: { Origin: 'http://a\x01b' } });
      assert.equal(response.status, 400);
    });
  });

  describe(`${target.name}: with a sid`, () => {
    test('that nobody has is code 1', async () => {
      for (const sid of ['nobody', '__proto__', 'constructor', 'x'.repeat(2000), '%00', '%e2%82%ac']) {
        for (const method of ['GET', 'POST']) {
          assert.equal(await codeOf(method, `?EIO=4&transport=polling&sid=${sid}`), 1, sid);
        }
      }
    });

    test('on another transport, or with another EIO, is code 3 and leaves the session alone', async () => {
      const session = await target.openPolling();
      assert.equal(await codeOf('GET', `?EIO=4&transport=websocket&sid=${session.sid}`), 3);
      assert.equal(await codeOf('GET', `?EIO=3&transport=polling&sid=${session.sid}`), 3);
      await stillTalks(session);
    });

    test('of a WebSocket session is code 3 over polling', async () => {
      const session = await target.openWebSocket();
      assert.equal(await codeOf('GET', `?EIO=4&transport=polling&sid=${session.handshake.sid}`), 3);
      session.drop();
    });

    test('another method than GET and POST is an empty 500 and leaves the session alone', async () => {
      const session = await target.openPolling();
      for (const method of ['PUT', 'DELETE', 'PATCH']) {
        const response = await request(port, method, session.target);
        assert.deepEqual([response.status, response.text], [500, ''], method);
      }
      await stillTalks(session);
    });
  });

  describe(`${target.name}: upgrade requests`, () => {
    /** A refused upgrade: raw text on a connection that then ends. */
    async function refusedUpgrade(query, { headers = {} } = {}) {
      const websocket = await RawWebSocket.open(port, `${path}${query}`, { headers });
      assert.equal(websocket.handshake.status, 400, websocket.handshake.head);
      await websocket.connection.end();
      return websocket.handshake;
    }

    const refusals = [
      ['Transport unknown', '?EIO=4&transport=nonsense'],
      ['Transport unknown', '?EIO=4'],
      ['Session ID unknown', '?EIO=4&transport=websocket&sid=nobody'],
      ['Unsupported protocol version', '?EIO=3&transport=websocket'],
      ['Unsupported protocol version', '?transport=websocket'],
    ];
    for (const [text, query] of refusals) {
      test(`${query} is 400 "${text}" before any 101`, async () => {
        const handshake = await refusedUpgrade(query);
        assert.equal(handshake.text, text);
        assert.equal(handshake.headers.connection, 'close');
        assert.match(handshake.headers['content-type'], /^text\/html/);
        assert.equal(handshake.headers['content-length'], String(text.length));
      });
    }

    test('with transport=polling is 400 before any 101', async () => {
      await refusedUpgrade('?EIO=4&transport=polling');
      const session = await target.openPolling();
      await refusedUpgrade(`?EIO=4&transport=polling&sid=${session.sid}`);
      await stillTalks(session);
    });

    test('a key that is missing or no key is 400', async () => {
      for (const key of ['', 'short', 'bm90IHNpeHRlZW4gYnl0ZXM=', 'x'.repeat(24)]) {
        const headers = upgradeHeaders({ 'Sec-WebSocket-Key': key });
        if (key === '') delete headers['Sec-WebSocket-Key'];
        const connection = await RawConnection.open(port);
        connection.write(requestText('GET', websocketTarget(path), headers));
        const response = await connection.response();
        assert.equal(response.status, 400, key);
        assert.match(response.text, /Missing or invalid Sec-WebSocket-Key header/);
        await connection.end();
      }
    });

    test('a version other than 13 and 8 is 400 and names those', async () => {
      const handshake = await refusedUpgrade('?EIO=4&transport=websocket', {
        headers: { 'Sec-WebSocket-Version': '7' },
      });
      assert.equal(handshake.headers['sec-websocket-version'], '13, 8');
    });

    test('the first of the offered subprotocols is echoed; deflate is not', async () => {
      const websocket = await RawWebSocket.open(port, websocketTarget(path), {
        headers: {
          'Sec-WebSocket-Protocol': 'foo, bar',
          'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits',
        },
      });
      assert.equal(websocket.handshake.status, 101);
      assert.equal(websocket.handshake.headers['sec-websocket-protocol'], 'foo');
      assert.equal(websocket.handshake.headers['sec-websocket-extensions'], undefined);
      websocket.drop();
    });

    test('on a foreign path gets no 101', async () => {
      const connection = await RawConnection.open(port);
      connection.write(requestText('GET', '/foreign/?EIO=4&transport=websocket', upgradeHeaders()));
      // Node's server ends such a connection without a word after a second; an answer is kinder.
      const response = await connection.response().catch(() => null);
      assert.ok(response === null || response.status === 404, response?.head);
      connection.close();
    });

    test('a client that resets while it is refused harms nobody', async () => {
      for (let number = 0; number < 20; number++) {
        const connection = await RawConnection.open(port);
        connection.write(requestText('GET', `${path}?EIO=3&transport=websocket`, upgradeHeaders()));
        connection.socket.resetAndDestroy();
      }
      await isOpened('?EIO=4&transport=polling');
    });
  });
}
