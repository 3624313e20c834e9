// GET /metrics: the families that dashboards are built on, in a format that a strict reader takes, and they move.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { StockClient } from './support/clients.mjs';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { parseMetrics, total } from './support/metrics_text.mjs';
import { fresh } from './support/names.mjs';
import { eventually } from './support/record.mjs';
import { startRelay } from './support/relay.mjs';
import { mint, nowSeconds } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '2' });
const prefixed = (name) => `socket_relay_${name}`;
const scrape = async () => parseMetrics((await relay.get('/metrics')).text);

/** What one number was before and is after `act`, once it has moved by `by`. */
async function moves(name, labels, by, act) {
  const read = async () => total(await scrape(), prefixed(name), labels);
  const before = await read();
  await act();
  let now;
  await eventually(
    async () => {
      now = await read();
      return now - before === by;
    },
    () => `${name}${JSON.stringify(labels)} moves by ${by} (from ${before} to ${now})`,
  );
}

describe('formats', () => {
  test('is the strict text format 0.0.4 by default, with HELP and TYPE for every family', async () => {
    const response = await relay.get('/metrics');
    assert.equal(response.status, 200);
    assert.match(response.headers['content-type'], /^text\/plain; ?version=0\.0\.4/);
    const families = parseMetrics(response.text);
    assert.ok(families.size > 15);
    for (const { name, type, help } of families.values()) {
      assert.ok(type && help, `${name} has type and help`);
    }
  });

  test('is OpenMetrics when it is asked for', async () => {
    const accept = 'application/openmetrics-text; version=1.0.0; charset=utf-8,text/plain;version=0.0.4;q=0.5';
    const response = await relay.get('/metrics', { headers: { Accept: accept } });
    assert.match(response.headers['content-type'], /^application\/openmetrics-text; ?version=1\.0\.0/);
    const families = parseMetrics(response.text, 'open');
    assert.equal(families.get(prefixed('sessions_opened')).type, 'counter');
  });

  test('names have the prefix, counters and nothing else end in _total, units are base units', async () => {
    for (const { name, type } of (await scrape()).values()) {
      assert.match(name, /^(socket_relay|process)_/);
      assert.equal(name.endsWith('_total'), type === 'counter', `${type} ${name}`);
      assert.doesNotMatch(name, /_(ms|milliseconds|microseconds|us|ns|kb|mb|kilobytes|minutes)(_|$)/);
    }
  });
});

describe('families', () => {
  const wanted = {
    gauge: ['connections', 'rooms', 'backlog_bytes', 'retained_events', 'retained_bytes', 'redis_up'],
    counter: [
      ...['sessions_opened_total', 'sessions_closed_total', 'handshake_failures_total', 'events_published_total'],
      ...[
        'deliveries_total',
        'delivered_bytes_total',
        'slow_consumers_total',
        'rate_limited_total',
        'duplicates_total',
      ],
      ...['recoveries_total', 'webhook_deliveries_total', 'bus_gaps_total', 'bus_rejected_total'],
      ...['redis_reconnects_total', 'redis_publish_errors_total'],
    ],
    histogram: ['publish_duration_seconds', 'fanout_duration_seconds'],
  };
  for (const [type, names] of Object.entries(wanted)) {
    for (const name of names) {
      test(`${type} ${name}`, async () => assert.equal((await scrape()).get(prefixed(name))?.type, type));
    }
  }

  test('loop_lag_seconds for each worker', async () => {
    const { samples } = (await scrape()).get(prefixed('loop_lag_seconds'));
    assert.equal(new Set(samples.map(({ labels }) => labels.worker)).size, 2);
  });

  test('process metrics', async () => {
    const families = await scrape();
    for (const name of ['cpu_seconds_total', 'resident_memory_bytes', 'open_fds', 'max_fds', 'start_time_seconds']) {
      assert.ok(families.get(`process_${name}`)?.samples[0].value > 0, name);
    }
  });
});

describe('what happens is counted', () => {
  const joining = {
    websocket: () => WebSocketSession.join(relay.port),
    polling: () => PollingSession.join(relay.port),
  };
  for (const [transport, join] of Object.entries(joining)) {
    test(`the gauge of connections follows connects and disconnects over ${transport}`, async () => {
      const sessions = [];
      await moves('connections', { transport }, 3, async () => {
        for (let number = 0; number < 3; number++) sessions.push(await join());
      });
      await moves('connections', { transport }, -3, async () => {
        for (const session of sessions) await (session.drop ? session.drop() : session.post('1'));
      });
    });
  }

  test('an upgrade moves a session from one transport to the other', async () => {
    const client = await StockClient.join(relay.url, { mode: 'default' });
    await client.upgraded();
    const transports = async () => {
      const families = await scrape();
      return ['polling', 'websocket'].map((transport) => total(families, prefixed('connections'), { transport }));
    };
    await eventually(async () => (await transports()).join() === '0,1', 'one connection, over WebSocket');
    await moves('connections', {}, -1, () => client.close());
  });

  test('sessions, rooms, events, deliveries and their bytes', async () => {
    const room = fresh('room');
    const rooms = await roomsOfOneSocket();
    let session;
    await moves('sessions_opened_total', {}, 1, () =>
      moves('rooms', {}, rooms, async () => {
        session = await WebSocketSession.join(relay.port, { token: mint({ sessionId: room }) });
      }),
    );
    await moves('events_published_total', { outcome: 'accepted' }, 2, async () => {
      await moves('deliveries_total', {}, 1, async () => {
        await relay.publish(room, 'counted', 'x'.repeat(1000));
        await relay.publish('nobody', 'counted');
      });
    });
    assert.ok(total(await scrape(), prefixed('delivered_bytes_total')) >= 1000);
    await moves('sessions_closed_total', {}, 1, () => session.drop());
  });

  /** Whether the private rooms of a socket (its id, its account) count is the relay's affair; it is always the same. */
  async function roomsOfOneSocket() {
    const before = total(await scrape(), prefixed('rooms'));
    const session = await WebSocketSession.join(relay.port);
    const after = total(await scrape(), prefixed('rooms'));
    session.drop();
    await eventually(async () => total(await scrape(), prefixed('rooms')) === before, 'the rooms are empty again');
    assert.ok(after > before);
    return after - before;
  }

  test('outcomes of publishes are accepted, duplicate or the code of the error', async () => {
    const headers = { nonce: fresh('metrics-nonce') };
    const event = { room: 'nobody', type: 'a.b' };
    const outcome = (name, act) => moves('events_published_total', { outcome: name }, 1, act);
    await outcome('accepted', () => relay.post(event, { headers }));
    await moves('duplicates_total', {}, 1, () => outcome('duplicate', () => relay.post(event, { headers })));
    await outcome('nonce_conflict', () => relay.post({ ...event, payload: 1 }, { headers }));
    await outcome('invalid_event', () => relay.post({ room: '' }));
    await outcome('invalid_json', () => relay.post('{'));
    await outcome('unauthorized', () => relay.post(event, { key: 'wrong' }));
  });

  test('handshake failures by code', async () => {
    const refused = (token) => async () => {
      await new StockClient(relay.url, { token }).refused();
    };
    await moves('handshake_failures_total', { code: 'token_malformed' }, 1, refused('nonsense'));
    await moves('handshake_failures_total', { code: 'token_expired' }, 1, refused(mint({ exp: nowSeconds() - 60 })));
    await moves('handshake_failures_total', { code: 'claims_invalid' }, 1, refused(mint({ scope: [] })));
  });

  test('latencies have a count for every publish', async () => {
    const count = async () => {
      const { samples } = (await scrape()).get(prefixed('publish_duration_seconds'));
      return samples.filter(({ suffix }) => suffix === '_count').reduce((sum, { value }) => sum + value, 0);
    };
    const before = await count();
    for (let number = 0; number < 5; number++) await relay.publish('nobody', 'a.b');
    await eventually(async () => (await count()) - before === 5, 'five publishes are in the histogram');
  });
});

test('no label or help carries a room, an account, a socket or an address', async () => {
  const [room, sub] = [fresh('secretroom'), fresh('secretaccount')];
  const client = await StockClient.join(relay.url, { token: mint({ sub, sessionId: room }) });
  await relay.publish(room, 'secret.type');
  await relay.post({ account: sub, type: 'secret.type' });
  await client.event('secret.type');

  const { text } = await relay.get('/metrics');

  for (const word of [room, sub, client.id, 'secret.type', '127.0.0.1']) assert.ok(!text.includes(word), word);
  client.close();
});
