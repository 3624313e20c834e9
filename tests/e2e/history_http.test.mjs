// Who may read back, and how GET /rooms/{room}/... behaves as HTTP: keys, tokens, methods, names in the path, CORS.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { request } from './support/raw_http.mjs';
import { startRelay } from './support/relay.mjs';
import { API_KEY, SECOND_API_KEY } from './support/settings.mjs';
import { mint, nowSeconds } from './support/tokens.mjs';

const relay = await startRelay(test);
const listed = await startRelay(test, { ALLOWED_ORIGINS: 'https://app.example,https://*.cdn.example' });
const RESOURCES = ['events', 'presence'];

const path = (room, resource = 'events') => `/rooms/${encodeURIComponent(room)}/${resource}`;
const withKey = { headers: { 'X-Relay-Key': API_KEY } };
const withToken = (token) => ({ headers: { Authorization: `Bearer ${token}` } });

function assertProblem(response, status, code) {
  assert.equal(response.status, status, response.text);
  assert.match(response.headers['content-type'], /^application\/problem\+json/);
  assert.deepEqual([response.json.status, response.json.code], [status, code]);
}

for (const resource of RESOURCES) {
  describe(`who may read ${resource}`, () => {
    test('whoever has a publish key, in either header', async () => {
      const room = fresh('room');
      assert.equal((await relay.get(path(room, resource), withKey)).status, 200);
      assert.equal((await relay.get(path(room, resource), withToken(SECOND_API_KEY))).status, 200);
      const lower = { headers: { authorization: `bearer ${API_KEY}` } };
      assert.equal((await relay.get(path(room, resource), lower)).status, 200);
    });

    test('whoever has a token for the room, as its session or among its rooms', async () => {
      const room = fresh('room');
      for (const claims of [{ sessionId: room }, { rooms: [fresh('other'), room] }]) {
        assert.equal((await relay.get(path(room, resource), withToken(mint(claims)))).status, 200);
      }
    });

    test('nobody else: 401 without a good key or token, 403 with a good token that is not for the room', async () => {
      const room = fresh('room');
      const refusals = [
        [undefined, 401, 'unauthorized'],
        [{ headers: { 'X-Relay-Key': 'wrong-wrong-wrong-wrong' } }, 401, 'unauthorized'],
        [withToken('wrong-wrong-wrong-wrong'), 401, 'unauthorized'],
        [withToken('one.two.three'), 401, 'unauthorized'],
        [withToken(mint({ sessionId: room, exp: nowSeconds() - 60 })), 401, 'unauthorized'],
        [withToken(mint({ sessionId: room }, 'z'.repeat(40))), 401, 'unauthorized'],
        [withToken(mint()), 403, 'forbidden'],
        [{ headers: { 'X-Relay-Key': mint({ sessionId: room }) } }, 401, 'unauthorized'],
      ];
      for (const [options, status, code] of refusals) {
        assertProblem(await relay.get(path(room, resource), options), status, code);
      }
    });

    test('a token without the scope subscribe does not', async () => {
      const room = fresh('room');
      const token = mint({ sessionId: room, scope: ['publish'] });
      assertProblem(await relay.get(path(room, resource), withToken(token)), 403, 'forbidden');
    });
  });

  describe(`the path of ${resource}`, () => {
    test('takes any room name, percent-encoded', async () => {
      for (const room of ['a/b c?#%&=+', 'é😀', '%2F', 'x'.repeat(200), '"\\', 'a;b,c:d@e']) {
        const token = mint({ sessionId: room });
        const session = await WebSocketSession.join(relay.port, { token });
        await relay.publish(room, 'named', room);

        const { json } = await relay.get(path(room, resource), withToken(token));

        if (resource === 'events') assert.deepEqual(json.events.at(-1).envelope.payload, room);
        else assert.equal(json.count, 1, room);
        session.drop();
      }
    });

    test('is 404 for private names, for anyone, and for what is no resource', async () => {
      const session = await WebSocketSession.join(relay.port);
      const targets = [
        path(session.socket.sid, resource),
        path('~account/ann', resource),
        path('~', resource),
        `/rooms/~x/${resource}`,
        `/rooms//${resource}`,
        `/rooms/${resource}`,
        `${path('room', resource)}/`,
        `${path('room', resource)}x`,
        '/rooms/room',
        '/rooms/',
        '/rooms',
      ];
      for (const target of targets) {
        for (const options of [withKey, withToken(mint())]) {
          assert.equal((await relay.get(target, options)).status, 404, target);
        }
      }
      session.drop();
    });

    test('answers HEAD like GET without the body, and other methods with 405 and Allow', async () => {
      const get = await relay.get(path('room', resource), withKey);
      const head = await request(relay.port, 'HEAD', path('room', resource), withKey);
      assert.deepEqual([head.status, head.body.length], [200, 0]);
      assert.equal(head.headers['content-length'], get.headers['content-length']);
      assert.equal(head.headers['content-type'], get.headers['content-type']);
      for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
        const response = await request(relay.port, method, path('room', resource), withKey);
        assertProblem(response, 405, 'method_not_allowed');
        assert.match(response.headers.allow, /\bGET\b/);
        assert.match(response.headers.allow, /\bHEAD\b/);
      }
    });
  });

  describe(`CORS of ${resource}`, () => {
    const preflight = (at, origin) =>
      request(at.port, 'OPTIONS', path('room', resource), {
        headers: {
          Origin: origin,
          'Access-Control-Request-Method': 'GET',
          'Access-Control-Request-Headers': 'authorization',
        },
      });

    test('a preflight needs no key and allows GET with Authorization', async () => {
      const response = await preflight(relay, 'https://anywhere.example');
      assert.equal(response.status, 204);
      assert.equal(response.headers['access-control-allow-origin'], '*');
      assert.match(response.headers['access-control-allow-methods'], /\bGET\b/);
      assert.match(response.headers['access-control-allow-headers'], /\bauthorization\b/i);
    });

    test('answers and errors can be read by any page', async () => {
      const origin = { Origin: 'https://anywhere.example' };
      const room = fresh('room');
      const answers = [
        await relay.get(path(room, resource), { headers: { ...origin, 'X-Relay-Key': API_KEY } }),
        await relay.get(path(room, resource), { headers: origin }),
        await relay.get(path(room, resource), { headers: { ...origin, Authorization: `Bearer ${mint()}` } }),
      ];
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 401, 403],
      );
      for (const { headers } of answers) assert.equal(headers['access-control-allow-origin'], '*');
    });

    test('a list echoes an origin that is in it, with Vary and credentials, and no other', async () => {
      for (const origin of ['https://app.example', 'https://a.cdn.example']) {
        const answers = [
          await preflight(listed, origin),
          await listed.get(path('room', resource), { headers: { Origin: origin, 'X-Relay-Key': API_KEY } }),
        ];
        for (const { headers } of answers) {
          assert.equal(headers['access-control-allow-origin'], origin);
          assert.equal(headers['access-control-allow-credentials'], 'true');
          assert.match(headers.vary, /\bOrigin\b/i);
        }
      }
      for (const { headers } of [
        await preflight(listed, 'https://evil.example'),
        await listed.get(path('room', resource), { headers: { Origin: 'https://evil.example', ...withKey.headers } }),
      ]) {
        assert.equal(headers['access-control-allow-origin'], undefined);
      }
    });
  });
}

describe('what clients see is what is read back', () => {
  for (const settings of [{ ENVELOPE: 'raw' }, { EMIT_AS: 'event' }, { ENVELOPE: 'raw', EMIT_AS: 'event' }]) {
    test(JSON.stringify(settings), async (t) => {
      const tuned = await startRelay(t, settings);
      const room = fresh('room');
      const session = await WebSocketSession.join(tuned.port, { token: mint({ sessionId: room }) });
      await tuned.post(`{"room":"${room}","type":"typed","payload":{"n":1.0}}`);

      const text = await session.eventText(settings.EMIT_AS ?? 'typed');
      const page = (await tuned.get(path(room), withKey)).text;

      const [name, envelope, offset] = JSON.parse(text);
      assert.deepEqual(JSON.parse(page).events, [{ offset, name, envelope }]);
      assert.ok(text.includes('{"n":1.0}') && page.includes('{"n":1.0}'), `${text} and ${page}`);
      assert.equal('payload' in envelope, settings.ENVELOPE !== 'raw');
      session.drop();
    });
  }
});
