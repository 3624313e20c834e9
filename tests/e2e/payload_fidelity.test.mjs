// A payload reaches clients byte for byte as it was sent: nothing is parsed and printed again on the way.

import assert from 'node:assert/strict';
import test from 'node:test';
import { StockClient } from './support/clients.mjs';
import { PollingSession, WebSocketSession } from './support/engine.mjs';
import { fresh } from './support/names.mjs';
import { startRelay } from './support/relay.mjs';
import { mint } from './support/tokens.mjs';

const relay = await startRelay(test);
const room = fresh('room');
const token = mint({ sessionId: room });
const websocket = await WebSocketSession.join(relay.port, { token });
const polling = await PollingSession.join(relay.port, { token });

const payloads = {
  'numbers as they were written':
    '[1.0,1e2,1E+2,-0,-0.0,0.10,12345678901234567890,9007199254740993,1e400,123456789012345678901234567890.5]',
  'the order of keys': '{"zebra":1,"alpha":2,"10":3,"2":4,"":5}',
  'keys that come twice': '{"key":1,"key":2,"key":{"key":3,"key":4}}',
  escapes: String.raw`"\u0041\u00e9\/\"\\\b\f\n\r\t\ud83d\ude00"`,
  'a lone surrogate': String.raw`"\ud800"`,
  'text in every width of UTF-8': '"é€😀\u2028\u2029\u007f"',
  'the separator of polling payloads': String.raw`"a\u001eb"`,
  'what looks like an attachment': '{"_placeholder":true,"num":0}',
  'names of prototypes': '{"__proto__":{"a":1},"constructor":2,"toJSON":3}',
  'a word': '"text"',
  'an empty text': '""',
  null: 'null',
  true: 'true',
  false: 'false',
  zero: '0',
  'empty containers': '[[],{},[[]],[{}]]',
  '63 levels': `${'['.repeat(62)}7${']'.repeat(62)}`,
};

/** The payload's bytes, cut out of the packet by the text around it. */
function payloadOf(packet, type) {
  const start = packet.indexOf('"payload":') + '"payload":'.length;
  const end = packet.lastIndexOf(',"issuedAt":');
  assert.ok(packet.startsWith(`42["${type}",{"type":"${type}","payload":`) && end > start, packet.slice(0, 200));
  return packet.slice(start, end);
}

for (const [name, payload] of Object.entries(payloads)) {
  test(name, async () => {
    const type = fresh('fidelity');

    const answer = await relay.post(`{"room":"${room}","type":"${type}","payload":${payload}}`);

    assert.equal(answer.status, 202, answer.text);
    assert.equal(payloadOf(await websocket.packet(`42["${type}"`), type), payload);
    const [polled] = await polling.packets(1);
    assert.equal(payloadOf(polled, type), payload);
  });
}

test('white space around a payload does not matter, white space in it stays or goes but changes nothing', async () => {
  const type = fresh('blank');
  await relay.post(` {\n"room" :\t"${room}" , "type":"${type}","payload" :  { "a" : [ 1 , 2 ] } }\r\n`);

  const packet = await websocket.packet(`42["${type}"`);

  assert.deepEqual(JSON.parse(packet.slice(2))[1].payload, { a: [1, 2] });
  await polling.packets(1);
});

test('a payload of 200 kB, and the stock client reads the same value over both transports', async () => {
  const payload = { long: 'é😀x'.repeat(25_000), list: Array.from({ length: 1000 }, (_, number) => number / 7) };
  const clients = [];
  for (const mode of ['websocket', 'polling']) {
    clients.push(await StockClient.join(relay.url, { mode, token: mint({ sessionId: room }) }));
  }

  await relay.publish(room, 'long', payload);

  for (const client of clients) {
    assert.deepEqual((await client.envelope('long')).payload, payload);
    client.close();
  }
  await polling.packets(1);
});

test('type, account and room names with quotes, escapes and every script', async () => {
  const strange = `${fresh('room')} "\\/ é€😀`;
  const client = await StockClient.join(relay.url, { token: mint({ sessionId: strange }) });
  const type = 'Ünï "code" \\ type 😀';

  await relay.publish(strange, type, 1);

  assert.equal((await client.envelope(type)).type, type);
  client.close();
});

test('a client event keeps its text as well', async () => {
  const sender = await WebSocketSession.join(relay.port, {
    token: mint({ sessionId: room, scope: ['subscribe', 'publish'], sub: 'ann "the\\sender"' }),
  });
  const payload = '{"b":1.0,"a":[1e3,"\\u0041"],"b":2}';

  sender.send(`42["client.exact",${payload}]`);

  const packet = await websocket.packet('42["client.exact"');
  assert.equal(payloadOf(packet, 'client.exact'), payload);
  assert.equal(JSON.parse(packet.slice(2))[1].from, 'ann "the\\sender"');
  sender.drop();
  websocket.drop();
});
