// Stock clients that are older than connection state recovery.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { MODES } from './support/clients.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test, { WORKERS: '2' });

describe('clients that know no recovery', () => {
  for (const version of ['3.1.3', '4.0.0']) {
    for (const mode of Object.keys(MODES)) {
      test(`come back as new sockets, and nothing is replayed or announced; ${version}, ${mode}`, async (t) => {
        const room = fresh('room');
        const client = await roam(t, relay, { version, mode, token: mint({ sessionId: room }) });
        const { id } = client;
        await relay.publish(room, 'seen');
        await client.event('seen');
        await client.leave();
        await relay.publish(room, 'missed');

        assert.notEqual((await client.comeBack()).id, id);
        await relay.publish(room, 'live');

        await client.event('live');
        assert.deepEqual(
          client.events.items.map(({ name }) => name),
          ['seen', 'live'],
        );
      });
    }
  }
});
