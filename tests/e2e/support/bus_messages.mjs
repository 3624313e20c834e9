// Messages on the bus as others than relays send them.

/** MessagePack of texts, whole numbers from 0 to 127, arrays and objects; all of them short. */
function pack(value) {
  if (typeof value === 'number') return Buffer.from([value]);
  if (typeof value === 'string') {
    const bytes = Buffer.from(value);
    const head = Buffer.alloc(5);
    head[0] = 0xdb;
    head.writeUInt32BE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([Buffer.from([0x90 | value.length]), ...value.map(pack)]);
  const entries = Object.entries(value);
  return Buffer.concat([Buffer.from([0x80 | entries.length]), ...entries.flatMap((entry) => entry.map(pack))]);
}

const broadcast = (room, data) => ({
  packet: { type: 2, data, nsp: '/' },
  opts: { rooms: [room], except: [], flags: {} },
});

/** A broadcast to one room as @socket.io/redis-adapter publishes it: the arguments of PUBLISH. */
export function classicBroadcast(prefix, room, data, uid = 'NftZ2f') {
  const { packet, opts } = broadcast(room, data);
  return [`${prefix}#/#${room}#`, pack([uid, packet, opts])];
}

/** The same as @socket.io/redis-streams-adapter adds it: the fields of XADD. */
export function streamBroadcast(room, data, uid = '42aa6e5f26db7c9a') {
  const { packet, opts } = broadcast(room, data);
  const { type, data: args } = packet;
  return streamFields({ type: 3, data: JSON.stringify({ packet: { type, data: args }, opts }), uid });
}

/** The fields of an entry of any type. */
export const streamFields = ({ type, data, uid = '42aa6e5f26db7c9a' }) =>
  Object.entries({ uid, nsp: '/', type, data }).flat();

/** The bytes with one bit of the byte at `at` changed; from the end if `at` is negative. */
export function withBitChanged(bytes, at, bit = 0) {
  const changed = Buffer.from(bytes);
  changed[at < 0 ? bytes.length + at : at] ^= 1 << bit;
  return changed;
}
