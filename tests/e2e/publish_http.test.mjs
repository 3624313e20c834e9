// The HTTP under POST /events, byte by byte: bodies, connections, methods, and what must not be accepted (RFC 9110, 9112).

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { fresh } from './support/names.mjs';
import { chunked, RawConnection, request, requestText } from './support/raw_http.mjs';
import { startRelay } from './support/relay.mjs';
import { API_KEY } from './support/settings.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { REQUEST_TIMEOUT_S: '2', KEEP_ALIVE_S: '2' });
const event = { room: 'r', type: 'a.b' };
const json = JSON.stringify(event);
const post = { 'Content-Type': 'application/json', 'X-Relay-Key': API_KEY };

/** The response to these bytes on a connection of their own, and the connection. */
async function exchange(bytes) {
  const connection = await RawConnection.open(relay.port);
  connection.write(bytes);
  return { connection, response: await connection.response() };
}

/** A head from lines, without any header of our own. */
const head = (...lines) => `${lines.join('\r\n')}\r\n\r\n`;
const common = ['Host: relay', 'Content-Type: application/json', `X-Relay-Key: ${API_KEY}`];

describe('bodies', () => {
  test('chunked, in chunks of any size, with extensions and trailers', async () => {
    const lines = head('POST /events HTTP/1.1', ...common, 'Transfer-Encoding: chunked');
    const bodies = [
      chunked(json, 1),
      chunked(json, 1000),
      `${json.length.toString(16).toUpperCase()};name=value\r\n${json}\r\n0\r\nTrailer: x\r\n\r\n`,
      `000${json.length.toString(16)}\r\n${json}\r\n000\r\n\r\n`,
    ];
    for (const body of bodies) {
      const { connection, response } = await exchange(Buffer.concat([Buffer.from(lines), Buffer.from(body)]));
      assert.equal(response.status, 202, response.text);
      connection.close();
    }
  });

  test('a chunked body over the limit is 413', async () => {
    const headers = { ...post, 'Transfer-Encoding': 'chunked' };
    const body = chunked(JSON.stringify({ ...event, payload: 'x'.repeat(300_000) }), 50_000);
    const { connection, response } = await exchange(requestText('POST', '/events', headers, body));
    assert.deepEqual([response.status, response.json.code], [413, 'too_large']);
    connection.close();
  });

  test('one byte at a time', async () => {
    const connection = await RawConnection.open(relay.port);
    for (const byte of requestText('POST', '/events', post, json)) {
      await new Promise((resolve) => connection.socket.write(Buffer.from([byte]), resolve));
    }
    assert.equal((await connection.response()).status, 202);
    connection.close();
  });

  test('Expect: 100-continue gets its 100 before the body is sent', async () => {
    const connection = await RawConnection.open(relay.port);
    const headers = { ...post, Expect: '100-continue', 'Content-Length': String(json.length) };
    connection.write(requestText('POST', '/events', headers));

    const interim = await connection.response();
    assert.equal(interim.head, 'HTTP/1.1 100 Continue\r\n\r\n');
    connection.write(json);

    assert.equal((await connection.response()).status, 202);
    connection.close();
  });

  test('Expect: 100-continue with a length over the limit is 413 without a 100', async () => {
    const headers = { ...post, Expect: '100-continue', 'Content-Length': '999999999' };
    const { connection, response } = await exchange(requestText('POST', '/events', headers));
    assert.deepEqual([response.status, response.json.code], [413, 'too_large']);
    connection.close();
  });

  test('too large by Content-Length is 413 before the body is there', async () => {
    const { connection, response } = await exchange(
      requestText('POST', '/events', { ...post, 'Content-Length': '99999999' }),
    );
    assert.equal(response.status, 413);
    await connection.end('the end: the rest is not read');
  });

  test('an unfinished body and an unfinished head end after REQUEST_TIMEOUT_S', async () => {
    for (const bytes of [
      requestText('POST', '/events', { ...post, 'Content-Length': '10' }),
      'POST /events HTTP/1.1\r\nHost:',
      '',
    ]) {
      const connection = await RawConnection.open(relay.port);
      const started = Date.now();
      connection.write(bytes);
      await connection.end('the time-out');
      assert.ok(Date.now() - started >= 1500, `closed after ${Date.now() - started} ms`);
      assert.match(connection.unread.toString('latin1'), /^(HTTP\/1\.1 408 |$)/);
    }
  });
});

describe('connections', () => {
  test('100 events over one keep-alive connection arrive in order', async () => {
    const room = fresh('room');
    const client = await StockClient.join(relay.url, { token: mint({ sessionId: room }) });
    const connection = await RawConnection.open(relay.port);

    for (let number = 0; number < 100; number++) {
      assert.equal((await relay.post({ room, type: 'kept.alive', payload: number }, { connection })).status, 202);
    }

    await client.events.atLeast(100);
    assert.deepEqual(
      client.payloads('kept.alive'),
      Array.from({ length: 100 }, (_, number) => number),
    );
    connection.close();
    client.close();
  });

  test('pipelined requests are answered in order', async () => {
    const connection = await RawConnection.open(relay.port);
    const bad = requestText('POST', '/events', post, '{}');
    const good = requestText('POST', '/events', post, json);
    connection.write(Buffer.concat([good, bad, requestText('GET', '/healthz'), good]));

    const statuses = [];
    for (let number = 0; number < 4; number++) statuses.push((await connection.response()).status);

    assert.deepEqual(statuses, [202, 400, 200, 202]);
    connection.close();
  });

  test('an error keeps the connection, Connection: close ends it', async () => {
    const connection = await RawConnection.open(relay.port);
    for (const key of ['wrong', API_KEY]) {
      const answer = await relay.post(event, { key, connection });
      assert.equal(answer.status, key === API_KEY ? 202 : 401);
    }
    connection.write(requestText('GET', '/healthz', { Connection: 'close' }));
    assert.equal((await connection.response()).headers.connection?.toLowerCase(), 'close');
    await connection.end();
  });

  test('HTTP/1.0 is answered and closed, unless it asks for keep-alive', async () => {
    const one = await exchange('GET /healthz HTTP/1.0\r\n\r\n');
    assert.equal(one.response.status, 200);
    await one.connection.end();

    const kept = await exchange('GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
    assert.equal(kept.response.headers.connection?.toLowerCase(), 'keep-alive');
    kept.connection.write('GET /healthz HTTP/1.0\r\n\r\n');
    assert.equal((await kept.connection.response()).status, 200);
    await kept.connection.end();

    const lines = head('POST /events HTTP/1.0', ...common.slice(1), `Content-Length: ${json.length}`);
    const published = await exchange(lines + json);
    assert.equal(published.response.status, 202);
    published.connection.close();
  });

  test('an idle connection is closed after KEEP_ALIVE_S, without a word', async () => {
    const { connection } = await exchange(requestText('GET', '/healthz'));
    const started = Date.now();
    await connection.end('the end of an idle connection');
    assert.ok(Date.now() - started >= 1500, `closed after ${Date.now() - started} ms`);
    assert.equal(connection.unread.length, 0);
  });

  test('absolute-form targets, and query strings', async () => {
    const targets = [
      'http://relay.example/events',
      'http://relay.example:4000/events?a=b',
      '/events?a=b',
      'HTTP://x/events',
    ];
    for (const target of targets) {
      const answer = await request(relay.port, 'POST', target, { headers: post, body: json });
      assert.equal(answer.status, 202, target);
    }
    assert.equal((await request(relay.port, 'GET', 'http://relay.example/healthz')).status, 200);
  });
});

describe('routes and methods', () => {
  test('another method is 405 with Allow', async () => {
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD']) {
      const answer = await request(relay.port, method, '/events');
      assert.equal(answer.status, 405, method);
      assert.match(answer.headers.allow, /\bPOST\b/);
      if (method !== 'HEAD') assert.equal(answer.json.code, 'method_not_allowed');
    }
    const answer = await request(relay.port, 'POST', '/healthz', { body: '' });
    assert.equal(answer.status, 405);
    assert.match(answer.headers.allow, /\bGET\b/);
    assert.match(answer.headers.allow, /\bHEAD\b/);
  });

  test('another route is 404', async () => {
    for (const target of ['/', '/event', '/events/', '/events/x', '/Events', '/admin/sessions', '/%65vents/..']) {
      const answer = await request(relay.port, 'POST', target, { headers: post, body: json });
      assert.deepEqual([answer.status, answer.json.code], [404, 'not_found'], target);
      assert.match(answer.headers['content-type'], /^application\/problem\+json/);
    }
  });

  test('HEAD is GET without the body', async () => {
    for (const target of ['/healthz', '/readyz', '/info', '/metrics']) {
      const connection = await RawConnection.open(relay.port);
      connection.write(requestText('HEAD', target));
      const answer = await connection.response({ toHead: true });
      assert.equal(answer.status, 200, target);
      assert.ok(Number(answer.headers['content-length']) > 0, `${target}: ${answer.head}`);
      connection.write(requestText('GET', '/healthz'));
      assert.equal((await connection.response()).json.status, 'ok', 'no byte of a body came before');
      connection.close();
    }
  });

  test('what is not JSON by its type is 415', async () => {
    const refused = ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', 'application', ''];
    for (const type of refused) {
      const answer = await relay.post(event, { headers: { 'Content-Type': type } });
      assert.deepEqual([answer.status, answer.json.code], [415, 'unsupported_media_type'], type);
    }
    const headers = { 'X-Relay-Key': API_KEY };
    assert.equal((await request(relay.port, 'POST', '/events', { headers, body: json })).status, 415);
    for (const type of ['application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"']) {
      assert.equal((await relay.post(event, { headers: { 'Content-Type': type } })).status, 202, type);
    }
  });
});

describe('broken framing is 400 and closes', () => {
  const length = `Content-Length: ${json.length}`;
  const requests = {
    'Content-Length and Transfer-Encoding':
      head('POST /events HTTP/1.1', ...common, length, 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    'two different lengths': head('POST /events HTTP/1.1', ...common, length, 'Content-Length: 5') + json,
    'two lengths in one field': head('POST /events HTTP/1.1', ...common, `Content-Length: ${json.length}, 5`) + json,
    'a negative length': head('POST /events HTTP/1.1', ...common, 'Content-Length: -1'),
    'a length with a sign': head('POST /events HTTP/1.1', ...common, `Content-Length: +${json.length}`) + json,
    'a length in hex': head('POST /events HTTP/1.1', ...common, 'Content-Length: 0x10') + json,
    'a length beyond 64 bits': head('POST /events HTTP/1.1', ...common, 'Content-Length: 99999999999999999999999'),
    xchunked: head('POST /events HTTP/1.1', ...common, 'Transfer-Encoding: xchunked') + '0\r\n\r\n',
    'chunked, identity': head('POST /events HTTP/1.1', ...common, 'Transfer-Encoding: chunked, identity') + '0\r\n\r\n',
    'chunked twice':
      head('POST /events HTTP/1.1', ...common, 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked') +
      '0\r\n\r\n',
    'Transfer-Encoding in HTTP/1.0':
      head('POST /events HTTP/1.0', ...common, 'Transfer-Encoding: chunked') + '0\r\n\r\n',
    'a bad chunk size': head('POST /events HTTP/1.1', ...common, 'Transfer-Encoding: chunked') + 'xyz\r\n',
    'a chunk that is longer than its size':
      head('POST /events HTTP/1.1', ...common, 'Transfer-Encoding: chunked') + `1\r\n${json}\r\n0\r\n\r\n`,
    'a chunk size beyond 64 bits':
      head('POST /events HTTP/1.1', ...common, 'Transfer-Encoding: chunked') + 'fffffffffffffffff\r\n',
    'blanks before the colon': head('POST /events HTTP/1.1', ...common, `Content-Length : ${json.length}`) + json,
    'a folded header': head('POST /events HTTP/1.1', ...common, 'X-Folded: a', ' b', length) + json,
    'no Host in HTTP/1.1': head('GET /healthz HTTP/1.1'),
    'two Hosts': head('GET /healthz HTTP/1.1', 'Host: a', 'Host: b'),
    'a header without a colon': head('GET /healthz HTTP/1.1', 'Host: a', 'nonsense'),
    'a NUL in a header': head('GET /healthz HTTP/1.1', 'Host: a', 'X: a\0b'),
    'no version': 'GET /healthz\r\n\r\n',
    'a version that is none': head('GET /healthz HTTP/9', 'Host: a'),
  };
  for (const [name, bytes] of Object.entries(requests)) {
    test(name, async () => {
      const connection = await RawConnection.open(relay.port);
      connection.write(bytes);
      // Followed by a request that must not be answered: whoever reads on after broken framing can be smuggled to.
      connection.write(requestText('GET', '/healthz', { 'X-Smuggled': '1' }));

      const response = await connection.response();
      await connection.end();

      const allowed = name === 'a version that is none' ? [400, 505] : [400];
      assert.ok(allowed.includes(response.status), response.head);
      assert.doesNotMatch(connection.unread.toString('latin1'), /HTTP\/1\.1 200/);
    });
  }

  test('TLS on a plain port is ended, at once or as a head that never comes', async () => {
    const connection = await RawConnection.open(relay.port);
    connection.write(Buffer.from('160301020001000001fc0303', 'hex'));
    await connection.end();
    assert.match(connection.unread.toString('latin1'), /^(HTTP\/1\.1 (400|408) |$)/);
  });

  test('the same length twice may pass or not, but is one message', async () => {
    const { connection, response } = await exchange(head('POST /events HTTP/1.1', ...common, length, length) + json);
    assert.ok([202, 400].includes(response.status));
    connection.close();
  });
});

describe('heads', () => {
  test('up to 16 KiB are read, larger ones are 431', async () => {
    const withHeader = (bytes) => requestText('GET', '/healthz', { 'X-Filler': 'f'.repeat(bytes) });
    const fits = await exchange(withHeader(16_000));
    assert.equal(fits.response.status, 200);
    fits.connection.close();

    for (const bytes of [withHeader(17_000), withHeader(200_000), Buffer.from(`GET /${'x'.repeat(40_000)}`)]) {
      const over = await exchange(bytes);
      assert.equal(over.response.status, 431);
      await over.connection.end();
    }
  });

  test('many small headers count together', async () => {
    const headers = Object.fromEntries(Array.from({ length: 2000 }, (_, number) => [`X-${number}`, 'value']));
    const { response, connection } = await exchange(requestText('GET', '/healthz', headers));
    assert.equal(response.status, 431);
    connection.close();
  });
});
