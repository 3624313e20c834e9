// Which pages may connect: CORS headers over HTTP, and the same rule for WebSockets, which have no CORS.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { PollingSession, pollingTarget, WebSocketSession, websocketTarget } from './support/engine.mjs';
import { request } from './support/raw_http.mjs';
import { RawWebSocket } from './support/raw_websocket.mjs';
import { startRelay } from './support/relay.mjs';
import { mint } from './support/tokens.mjs';

const PATH = '/socket.io/';
const open = await startRelay(test);
const listed = await startRelay(test, {
  ALLOWED_ORIGINS: 'https://app.example,http://localhost:8080,https://*.cdn.example',
});

const handshake = (relay, origin) =>
  request(relay.port, 'GET', pollingTarget(PATH), { headers: origin ? { Origin: origin } : {} });
const preflight = (relay, origin, target = pollingTarget(PATH)) =>
  request(relay.port, 'OPTIONS', target, {
    headers: {
      Origin: origin,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization, content-type',
    },
  });

describe('ALLOWED_ORIGINS=*', () => {
  test('every response of the path has Access-Control-Allow-Origin: *', async () => {
    const responses = [
      await handshake(open, 'https://anywhere.example'),
      await handshake(open),
      await request(open.port, 'GET', `${PATH}?EIO=4&transport=polling&sid=nobody`),
      await request(open.port, 'POST', `${PATH}?EIO=4&transport=polling`),
    ];
    for (const { headers } of responses) assert.equal(headers['access-control-allow-origin'], '*');
  });

  test('and so has the 101', async () => {
    const websocket = await RawWebSocket.open(open.port, websocketTarget(PATH), {
      headers: { Origin: 'https://x.example' },
    });
    assert.equal(websocket.handshake.headers['access-control-allow-origin'], '*');
    websocket.drop();
  });

  test('a preflight is 204 with methods and the headers that were asked for, whatever the query says', async () => {
    for (const target of [pollingTarget(PATH), `${PATH}?nonsense`, pollingTarget(PATH, 'nobody')]) {
      const response = await preflight(open, 'https://x.example', target);
      assert.equal(response.status, 204, target);
      assert.equal(response.headers['access-control-allow-origin'], '*');
      assert.match(response.headers['access-control-allow-methods'], /\bGET\b.*\bPOST\b/);
      assert.match(response.headers['access-control-allow-headers'], /authorization.*content-type/i);
      assert.match(response.headers.vary, /Access-Control-Request-Headers/i);
    }
  });
});

describe('a list', () => {
  const allowed = [
    'https://app.example',
    'http://localhost:8080',
    'https://a.cdn.example',
    'https://a.b.c.cdn.example',
  ];
  const refused = [
    'https://cdn.example',
    'https://evilcdn.example',
    'http://app.example',
    'https://app.example:444',
    'https://app.example.evil.example',
    'https://a.cdn.example.evil.example',
    'http://localhost',
    'https://evil.example/https://app.example',
    'null',
  ];

  for (const origin of allowed) {
    test(`${origin} is echoed, with Vary and credentials`, async () => {
      const { status, headers } = await handshake(listed, origin);
      assert.equal(status, 200);
      assert.equal(headers['access-control-allow-origin'], origin);
      assert.equal(headers['access-control-allow-credentials'], 'true');
      assert.match(headers.vary, /\bOrigin\b/i);

      const session = await WebSocketSession.open(listed.port, { headers: { Origin: origin } });
      await session.connect({ token: mint() });
      session.drop();
    });
  }

  for (const origin of refused) {
    test(`${origin} is refused: 403 code 4 over polling, 400 on WebSocket`, async () => {
      const response = await handshake(listed, origin);
      assert.deepEqual([response.status, response.json], [403, { code: 4, message: 'Forbidden' }]);
      assert.notEqual(response.headers['access-control-allow-origin'], origin);

      const websocket = await RawWebSocket.open(listed.port, websocketTarget(PATH), { headers: { Origin: origin } });
      assert.deepEqual([websocket.handshake.status, websocket.handshake.text], [400, 'Forbidden']);
      await websocket.connection.end();
    });
  }

  test('without an Origin a handshake is accepted', async () => {
    assert.equal((await handshake(listed)).status, 200);
    const session = await WebSocketSession.join(listed.port);
    session.drop();
  });

  test('the responses of a session have the headers as well, errors too', async () => {
    const headers = { Origin: 'https://app.example' };
    const session = await PollingSession.open(listed.port, { headers });
    const responses = [
      await session.post(`40${JSON.stringify({ token: mint() })}`),
      await session.get(),
      await request(listed.port, 'GET', pollingTarget(PATH, 'nobody'), { headers }),
    ];
    assert.deepEqual(
      responses.map(({ status }) => status),
      [200, 200, 400],
    );
    for (const response of responses) {
      assert.equal(response.headers['access-control-allow-origin'], 'https://app.example');
    }
  });

  test('a preflight from the list is 204 with the origin, from elsewhere it grants nothing', async () => {
    const granted = await preflight(listed, 'https://app.example');
    assert.deepEqual([granted.status, granted.headers['access-control-allow-origin']], [204, 'https://app.example']);
    assert.equal(granted.headers['access-control-allow-credentials'], 'true');

    const foreign = await preflight(listed, 'https://evil.example');
    assert.equal(foreign.headers['access-control-allow-origin'], undefined);
  });
});

test('there is no CORS on /events, /metrics, /info and /healthz', async () => {
  const headers = { Origin: 'https://app.example' };
  for (const relay of [open, listed]) {
    const responses = [await relay.post({ room: 'r', type: 'a.b' }, { headers })];
    for (const target of ['/metrics', '/info', '/healthz']) responses.push(await relay.get(target, { headers }));
    responses.push(await preflight(relay, 'https://app.example', '/events'));
    for (const response of responses) {
      const cors = Object.keys(response.headers).filter((name) => name.startsWith('access-control-'));
      assert.deepEqual(cors, [], response.head);
    }
  }
});
