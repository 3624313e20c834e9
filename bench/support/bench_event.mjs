// The event that the load tests publish, and how a client reads it back without parsing JSON a million times a second.

const TYPE = 'bench.tick';

// What the relay makes of it begins so; then comes the number.
const PREFIX = Buffer.from(`["${TYPE}",{"type":"${TYPE}","payload":{"number":`);
const BETWEEN = ',"publishedAt":'.length;
const RELAY_PREFIX = '["relay:';

const QUOTE = 0x22;
const BRACKET = 0x5d;
const ZERO = 0x30;
const NINE = 0x39;

/** The JSON of one event for POST /events; `publishedAt` in whole microseconds of the monotonic clock. */
export const eventJson = (roomsJson, number, publishedAt, padding) =>
  `{"rooms":${roomsJson},"type":"${TYPE}","payload":{"number":${number},"publishedAt":${Math.floor(publishedAt)}` +
  `,"padding":"${padding}"}}`;

// One for all: it is read before the next event is.
const fields = { number: 0, publishedAt: 0, offset: undefined, relayName: undefined, argument: undefined };

/**
 * Reads `[name, ...arguments]`. The offset is the last argument if that is a string. Returns the same object each time.
 * Throws when it is neither an event of the bench nor one of the relay's own.
 */
export function eventFields(buffer, start, end) {
  fields.relayName = undefined;
  fields.offset = lastString(buffer, start, end);
  if (!beginsWithPrefix(buffer, start, end)) {
    readOther(buffer, start, end);
    return fields;
  }
  let at = start + PREFIX.length;
  let number = 0;
  while (isDigit(buffer[at])) number = number * 10 + (buffer[at++] - ZERO);
  at += BETWEEN;
  let publishedAt = 0;
  while (isDigit(buffer[at])) publishedAt = publishedAt * 10 + (buffer[at++] - ZERO);
  fields.number = number;
  fields.publishedAt = publishedAt;
  return fields;
}

function readOther(buffer, start, end) {
  const text = buffer.utf8Slice(start, end);
  if (!text.startsWith(RELAY_PREFIX)) throw new Error(`unexpected event: ${text.slice(0, 200)}`);
  [fields.relayName, fields.argument] = JSON.parse(text);
}

function beginsWithPrefix(buffer, start, end) {
  if (end - start < PREFIX.length) return false;
  for (let i = 0; i < PREFIX.length; i++) {
    if (buffer[start + i] !== PREFIX[i]) return false;
  }
  return true;
}

/** Offsets are of characters that JSON does not escape. */
function lastString(buffer, start, end) {
  if (buffer[end - 1] !== BRACKET || buffer[end - 2] !== QUOTE) return undefined;
  let at = end - 3;
  while (at > start && buffer[at] !== QUOTE) at--;
  return buffer.latin1Slice(at + 1, end - 2);
}

const isDigit = (byte) => byte >= ZERO && byte <= NINE;
