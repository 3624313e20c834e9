// Socket.IO packets that are odd, over WebSocket against the echo server: what closes the whole connection, what is
// accepted, and what is ignored.

import assert from 'node:assert/strict';
import test, { describe } from 'node:test';
import { startEchoServer } from './support/echo_server.mjs';
import { WebSocketSession } from './support/engine.mjs';

const echo = await startEchoServer(test);
const binary = (text) => Buffer.from(text);

/** A session that sent nothing yet. */
const open = () => WebSocketSession.open(echo.port);

/** A session on `/`, and on `/custom` if asked, past the first event of each. */
async function joined({ custom = false } = {}) {
  const session = await open();
  session.send('40');
  await session.packet('42["auth"');
  if (custom) {
    session.send('40/custom');
    await session.packet('42/custom,["auth"');
  }
  return session;
}

const send = (session, packets) => [packets].flat().forEach((packet) => session.send(packet));

async function closes(session, packets) {
  send(session, packets);
  assert.deepEqual(await session.closeFrame('the close'), { code: null, reason: '' });
}

/** The packets lead to exactly these answers, and the connection still works. */
async function answers(session, packets, expected) {
  const before = session.packets.items.length;
  send(session, packets);
  session.send('42["message","sentinel"]');
  await session.packet('42["message-back","sentinel"]');
  assert.deepEqual(session.packets.items.slice(before, -1), expected);
  session.drop();
}

const name = (packets) =>
  JSON.stringify([packets].flat().map((packet) => (typeof packet === 'string' ? packet : `<${packet.length} bytes>`)));

describe('before CONNECT these close', () => {
  const cases = [
    '4',
    '47',
    '4abc',
    '40[]',
    '40null',
    '40"a"',
    '40{a',
    '42["a"]',
    '42/custom["a"]',
    '42/custom,["a"]',
    '430[]',
    '41',
    '41/custom,',
    '44{}',
    '44/x,"y"',
    '46',
  ];
  for (const packets of cases) test(name(packets), async () => closes(await open(), packets));
});

describe('CONNECT', () => {
  for (const packet of ['40', '40{}', '40{"token":"123"}', '4012', '405', '4012{"a":1}', '40/,', '40/,{"a":1}']) {
    test(`${packet} is accepted`, async () => {
      const session = await open();
      session.send(packet);
      const answer = await session.packet('40');
      assert.match(answer, /^40\{"sid":"[\w~-]{20}"\}$/);
      session.drop();
    });
  }

  for (const packet of ['40/custom', '40/custom,', '40/custom,{"token":"abc"}']) {
    test(`${packet} joins another namespace`, async () => {
      const session = await open();
      session.send(packet);
      assert.match(await session.packet('40'), /^40\/custom,\{"sid":"[\w~-]{20}"\}$/);
      session.drop();
    });
  }

  for (const nsp of ['/random', '/custom{"a":1}', '/custom?x=1', '/Custom', '/custom/', '//', '/é']) {
    test(`40${nsp}, is an invalid namespace, and the connection stays`, async () => {
      const session = await open();
      session.send(nsp.endsWith('}') ? `40${nsp}` : `40${nsp},`);
      const refused = await session.packet('44');
      assert.equal(refused, `44${nsp},{"message":"Invalid namespace"}`);
      session.send('40');
      await session.packet('40{');
      session.drop();
    });
  }

  test('a second one for a connected namespace closes', async () => {
    await closes(await joined(), '40');
    await closes(await joined({ custom: true }), '40/custom,');
  });

  test('is possible again after a DISCONNECT, and events may follow it at once', async () => {
    const session = await joined();
    send(session, ['41', '40', '42["message","again"]']);
    await session.packet('42["message-back","again"]');
    assert.equal(session.packets.all((packet) => packet.startsWith('40{')).length, 2);
    session.drop();
  });
});

describe('once connected these close', () => {
  const cases = [
    ...['4', '47', '48', '4abc', '4-'],
    ...['44{}', '44/custom,{}'],
    ...['42{}', '42[]', '42[null]', '42[true]', '42[{}]', '42[["a"]]', '42[{"toString":"foo"}]'],
    ...['42["a"', '42["a"]x', '42["a"],', '42["a",]', '42abc["a"]', '42-1["a"]', '421.5["a"]', '42"a"', '42null'],
    ...['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'].map(
      (event) => `42["${event}"]`,
    ),
    ...['42["conn\\u0065ct"]', '421["disconnect",1]'],
    ...['42', '421', '421 2["x"]'],
    ...['4331{}', '4331"x"', '4331[', '43{}'],
    ...['41{}', '41[]', '41/custom,', '41/nobody,'],
    ...['42/custom,["a"]', '42/custom["a"]', '43/custom,1[]'],
    ...['450-["a"]', '45["a"]', '451["a"]', '451.5-["a"]', '45-1-["a"]', '45-["a"]', '45', '451'],
    ...[
      '4511-["message"]',
      '45599999999-["message"]',
      '4599999999999999999999-["message"]',
      '451e1-["a"]',
      '45 1-["a"]',
      '450x1-["a"]',
    ],
    ...['460-1[]', '46-1[]', '4611-1[]'],
    ['451-[{"_placeholder":true,"num":0}]', binary('x')],
    ['451-["message",{"_placeholder":true,"num":1}]', binary('x')],
    ['451-["message",{"_placeholder":true,"num":-1}]', binary('x')],
    ['451-["message",{"_placeholder":true,"num":"0"}]', binary('x')],
    ['451-["message",{"_placeholder":true,"num":"splice"}]', binary('x')],
    ['451-["message",{"_placeholder":true,"num":0.5}]', binary('x')],
    ['451-["message",{"_placeholder":true}]', binary('x')],
    ['452-["message",{"_placeholder":true,"num":0}]', '42["message",1]'],
    ['451-["message",{"_placeholder":true,"num":0}]', '42["message",1]'],
    ['451-["message",{"_placeholder":true,"num":0}]', binary('x'), binary('y')],
    [binary('x')],
    [binary('')],
    ['42["message",{"_placeholder":true,"num":0}]', binary('x')],
  ];
  for (const packets of cases) test(name(packets), async () => closes(await joined(), packets));

  test('a bad packet on one namespace closes all of them', async () => {
    await closes(await joined({ custom: true }), '42/custom,{}');
    await closes(await joined({ custom: true }), '42{}');
  });

  test('deep nesting closes and harms nobody', async () => {
    await closes(await joined(), `42["message",${'['.repeat(400_000)}`);
    await answers(await joined(), [], []);
  });
});

describe('these are accepted', () => {
  const events = ['error', 'connection', '__proto__', 'toString', '', 'hasOwnProperty', 'é'];
  for (const event of events) {
    test(`the event name ${JSON.stringify(event)}`, async () =>
      answers(await joined(), `42[${JSON.stringify(event)},1]`, []));
  }

  const cases = [
    ['a number as event name', '42[5,1]', []],
    ['the main namespace written out', '42/,["message",1]', ['42["message-back",1]']],
    ['no argument', '42["message"]', ['42["message-back"]']],
    ['ack id 0', '420["message-with-ack","x"]', ['430["x"]']],
    ['leading zeros of an ack id', '42007["message-with-ack","x"]', ['437["x"]']],
    ['an ack without arguments', '4212["message-with-ack"]', ['4312[]']],
    ['an ack for an event that nobody handles', '421["nobody",1]', []],
    ['an ack of an unknown id', '4399["x"]', []],
    ['an ack without an id', '43["x"]', []],
    ['a binary ack of an unknown id', ['461-99[{"_placeholder":true,"num":0}]', binary('x')], []],
    [
      'a placeholder in a plain event',
      '42["message",{"_placeholder":true,"num":0}]',
      ['42["message-back",{"_placeholder":true,"num":0}]'],
    ],
    ['a separator of polling, escaped', '42["message","a\\u001eb"]', null],
    ['a dash and a comma in the data', '42["message","1-/a,b"]', ['42["message-back","1-/a,b"]']],
    ['numbers that JavaScript cannot hold', '42["message",9007199254740993]', null],
  ];
  for (const [what, packets, expected] of cases) {
    test(what, async () => {
      if (expected) return answers(await joined(), packets, expected);
      const session = await joined();
      send(session, packets);
      const back = await session.packet('42["message-back"');
      assert.deepEqual(JSON.parse(back.slice(2))[1], JSON.parse(packets.slice(2))[1]);
      session.drop();
    });
  }

  test('an ack id beyond 64 bits is refused or comes back as it was', async () => {
    const session = await joined();
    session.send('4299999999999999999999["message-with-ack",1]');
    const outcome = await Promise.race([
      session.packet('43').catch(() => 'closed'),
      session.packets.finished().then(() => 'closed'),
      session.websocket.frames
        .first(({ opcode }) => opcode === 8)
        .then(
          () => 'closed',
          () => 'closed',
        ),
    ]);
    assert.ok(outcome === 'closed' || outcome === '4399999999999999999999[1]', outcome);
    session.drop();
  });

  test('a blank before the data is refused, or means no id', async () => {
    const session = await joined();
    session.send('42 ["message-with-ack",1]').send('42["message","sentinel"]');
    const outcome = await Promise.race([
      session.packet('42["message-back"').catch(() => 'closed'),
      session.websocket.frames
        .first(({ opcode }) => opcode === 8)
        .then(
          () => 'closed',
          () => 'closed',
        ),
    ]);
    assert.ok(['closed', '42["message-back","sentinel"]'].includes(outcome));
    assert.equal(session.packets.all((packet) => packet.startsWith('43')).length, 0);
    session.drop();
  });
});

describe('attachments', () => {
  const holder = (num) => `{"_placeholder":true,"num":${num}}`;

  test('come back with their event, header first and nothing between', async () => {
    const session = await joined();
    send(session, [`452-["message",${holder(0)},${holder(1)}]`, binary('one'), binary('two')]);
    await session.packets.atLeast(3, (packet) => Buffer.isBuffer(packet) || packet.startsWith('45'));
    const [header, ...frames] = session.packets.items.slice(-3);
    assert.equal(header, `452-["message-back",${holder(0)},${holder(1)}]`);
    assert.deepEqual(frames, [binary('one'), binary('two')]);
    session.drop();
  });

  test('of an event with an ack come back in the ack', async () => {
    const session = await joined();
    send(session, [`452-789["message-with-ack",${holder(1)},${holder(0)}]`, binary('one'), binary('two')]);
    await session.packets.atLeast(2, Buffer.isBuffer);
    const [header, ...frames] = session.packets.items.slice(-3);
    assert.match(header, /^462-789\[/);
    // Whoever prints it again counts in order of appearance, so look at what each argument stands for.
    const args = JSON.parse(header.slice(header.indexOf('['))).map(({ num }) => `${frames[num]}`);
    assert.deepEqual(args, ['two', 'one']);
    session.drop();
  });

  test('ten are the most', async () => {
    const session = await joined();
    const ten = Array.from({ length: 10 }, (_, number) => holder(number));
    send(session, [`4510-["message",${ten}]`, ...ten.map((_, number) => binary(`${number}`))]);
    await session.packets.atLeast(10, Buffer.isBuffer);
    session.drop();
  });

  test('an empty one, and one that came as b and base64 in a text frame', async () => {
    const session = await joined();
    send(session, [`451-["message",${holder(0)}]`, binary('')]);
    assert.deepEqual(await session.packets.first(Buffer.isBuffer, 'an attachment'), binary(''));
    send(session, [`451-["message",${holder(0)}]`, 'bAQIDBA==']);
    const frames = await session.packets.atLeast(2, Buffer.isBuffer);
    assert.deepEqual(frames[1], Buffer.from([1, 2, 3, 4]));
    session.drop();
  });
});
