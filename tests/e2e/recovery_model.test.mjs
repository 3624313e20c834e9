// The model of recovery: publishers number their events, and stock clients behind networks that cut, stall and half
// close their connections after random numbers of bytes get every number of their rooms exactly once, in the order of
// each publisher, and recover on each reconnect. RELAY_MODEL_CUTS says how many accidents there are in all.

import assert from 'node:assert/strict';
import test from 'node:test';
import { MODES } from './support/clients.mjs';
import { calm, disturb } from './support/mischief.mjs';
import { fresh } from './support/names.mjs';
import { withSeed } from './support/random.mjs';
import { RawConnection } from './support/raw_http.mjs';
import { startRelay } from './support/relay.mjs';
import { roam } from './support/roaming.mjs';
import { mint } from './support/tokens.mjs';

const CUTS = Number(process.env.RELAY_MODEL_CUTS ?? 200);
const VARIANTS = [
  { name: 'WORKERS=1', settings: { WORKERS: '1' } },
  { name: 'WORKERS=2', settings: { WORKERS: '2' } },
  { name: 'WORKERS=8', settings: { WORKERS: '8' } },
  {
    name: 'WORKERS=4, and clients that are a little slow are cut off',
    settings: { WORKERS: '4', MAX_BACKLOG_BYTES: '65536' },
    filler: 'x'.repeat(4000),
    notices: ['relay:closing'],
  },
];
const PUBLISHERS = 3;
const CLIENTS = 9;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Two rooms and an account: whom an event can be for, and who of the clients gets it. */
function cast() {
  const [left, right, account] = [fresh('left'), fresh('right'), fresh('account')];
  const audiences = {
    left: { targets: { room: left }, includes: (member) => member.left },
    right: { targets: { room: right }, includes: (member) => member.right },
    both: { targets: { rooms: [left, right] }, includes: (member) => member.left || member.right },
    account: { targets: { account }, includes: (member) => member.account },
    'right and account': { targets: { room: right, account }, includes: (member) => member.right || member.account },
  };
  const members = [
    { left: true, claims: { sessionId: left } },
    { left: true, right: true, claims: { sessionId: left, rooms: [right] } },
    { right: true, account: true, claims: { sessionId: right, sub: account } },
  ];
  return { audiences, members, everyone: { rooms: [left, right] } };
}

/** Publishes numbered events until `isOver()`; the audience of each, in order. */
async function publishNumbers(relay, publisher, audiences, filler, random, isOver) {
  const connection = await RawConnection.open(relay.port);
  const audienceOf = [];
  while (!isOver()) {
    const audience = random.pick(Object.values(audiences));
    const payload = { publisher, number: audienceOf.length, filler };
    const event = { ...audience.targets, type: 'number', payload };
    audienceOf.push(audience);
    const answer = await relay.post(event, { connection });
    assert.equal(answer.status, 202, answer.text);
    await pause(random.between(0, 12));
  }
  connection.close();
  return audienceOf;
}

function checkNumbers(client, member, audiencesOf, story) {
  for (const [publisher, audiences] of audiencesOf.entries()) {
    const expected = [...audiences.keys()].filter((number) => audiences[number].includes(member));
    const own = client.payloads('number').filter((payload) => payload.publisher === publisher);
    assert.deepEqual(
      own.map(({ number }) => number),
      expected,
      `publisher ${publisher}: each number once and in order; ${story}`,
    );
  }
}

function checkArrivals(client, notices, story) {
  const [{ id }, ...returns] = client.arrivals.items;
  for (const arrival of returns) assert.deepEqual(arrival, { id, recovered: true }, story);
  const refusals = client.errors.items.filter(({ data }) => data !== undefined);
  assert.deepEqual(refusals, [], story);
  const others = client.notices.filter(([name]) => !notices.includes(name));
  assert.deepEqual(others, [], story);
}

async function play(scope, relay, random, cuts, { filler, notices = [] }) {
  const { audiences, members, everyone } = cast();
  const modes = Object.keys(MODES);
  const places = Array.from({ length: CLIENTS }, (_, index) => ({
    mode: modes[Math.floor(index / members.length) % modes.length],
    member: members[index % members.length],
    accidents: [],
  }));
  for (const place of places) {
    const options = { mode: place.mode, token: mint(place.member.claims), timeout: 1000, reconnectionDelay: 1 };
    place.client = await roam(scope, relay, { ...options, reconnectionDelayMax: 20 });
  }
  let isOver = false;
  const publishing = Array.from({ length: PUBLISHERS }, (_, publisher) =>
    publishNumbers(relay, publisher, audiences, filler, random.fork(), () => isOver),
  );

  await Promise.all(
    places.map(({ client, accidents }) =>
      disturb(client.proxy, random.fork(), Math.ceil(cuts / CLIENTS), { told: (text) => accidents.push(text) }),
    ),
  );
  isOver = true;
  const audiencesOf = await Promise.all(publishing);
  for (const { client } of places) calm(client.proxy);
  assert.equal((await relay.post({ ...everyone, type: 'sentinel' })).status, 202);

  for (const { client, member, mode, accidents } of places) {
    const story = `${mode}; ${client.arrivals.items.length} arrivals; accidents: ${accidents.slice(-20).join(', ')}`;
    await client.event('sentinel', 30_000);
    checkNumbers(client, member, audiencesOf, story);
    checkArrivals(client, notices, story);
    client.close();
  }
}

for (const variant of VARIANTS) {
  const cuts = Math.ceil(CUTS / VARIANTS.length);
  test(`${cuts} accidents to ${CLIENTS} clients: nothing is lost, doubled or reordered; ${variant.name}`, (t) =>
    withSeed(async (random) => {
      const relay = await startRelay(t, { ...variant.settings, PING_INTERVAL_MS: '300', PING_TIMEOUT_MS: '300' });
      await play(t, relay, random, cuts, variant);
    }));
}
