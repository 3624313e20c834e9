import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventFields, eventJson } from './bench_event.mjs';

const read = (text) => {
  const buffer = Buffer.from(`42${text}rest`);
  return { ...eventFields(buffer, 2, buffer.length - 'rest'.length) };
};

const asTheRelaySends = (number, publishedAt, more = '') => {
  const { type, payload } = JSON.parse(eventJson('["room-0"]', number, publishedAt, 'xxx'));
  const envelope = { type, payload, issuedAt: '2026-01-31T12:00:00.000Z' };
  return `["${type}",${JSON.stringify(envelope)}${more}]`;
};

test('an event of the bench is read back, with its offset', () => {
  const { number, publishedAt, offset, relayName } = read(asTheRelaySends(207, 1234567.8, ',"0001.5-a~_"'));

  assert.deepEqual([number, publishedAt, offset, relayName], [207, 1234567, '0001.5-a~_', undefined]);
});

test('an event without an offset has none, also after one that had', () => {
  read(asTheRelaySends(1, 2, ',"0001"'));

  const { number, offset } = read(asTheRelaySends(2, 3));

  assert.deepEqual([number, offset], [2, undefined]);
});

test("the relay's own events have a name and an argument, and an offset when there is one", () => {
  assert.deepEqual(
    [read('["relay:sync",{},"0007"]'), read('["relay:gap",{"after":"0007"}]')].map((event) => [
      event.relayName,
      event.argument,
      event.offset,
    ]),
    [
      ['relay:sync', {}, '0007'],
      ['relay:gap', { after: '0007' }, undefined],
    ],
  );
});

test('anything else is a fault', () => {
  assert.throws(() => read('["hello",{}]'), /unexpected event/);
});
