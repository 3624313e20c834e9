// What a bad network does to one client, at random moments.

/** The accidents, by name; each is called with the connection (of a TcpProxy) that it befalls. */
const ACCIDENTS = {
  reset: (tunnel) => tunnel.cut({ how: 'reset' }),
  end: (tunnel) => tunnel.cut({ how: 'end' }),
  'reset of the client alone': (tunnel) => tunnel.cut({ how: 'reset', side: 'client' }),
  'end of the client alone': (tunnel) => tunnel.cut({ how: 'end', side: 'client' }),
  'reset of the relay alone': (tunnel) => tunnel.cut({ how: 'reset', side: 'relay' }),
  'half close to the relay': (tunnel) => tunnel.halfClose('toRelay'),
  'half close to the client': (tunnel) => tunnel.halfClose('toClient'),
  stall: (tunnel) => tunnel.stall(),
  'stall to the relay': (tunnel) => tunnel.stall('toRelay'),
  'stall to the client': (tunnel) => tunnel.stall('toClient'),
};

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * `count` accidents to what passes the proxy, each after a random number of bytes and a while before the next; what was
 * stalled or left half open is in the end reset, or flows again. `told` gets a line about each.
 */
export async function disturb(proxy, random, count, { told = () => {}, restMs = 150, mostBytes = 20_000 } = {}) {
  for (let number = 0; number < count; number++) {
    const name = random.pick(Object.keys(ACCIDENTS));
    const direction = random.pick(['toRelay', 'toClient']);
    const bytes = random.magnitude(1, mostBytes);
    const happened = proxy.after(bytes, direction, ACCIDENTS[name]).then(() => true);
    const isInTime = await Promise.race([happened, pause(1000)]);
    proxy.disarm();
    // Where too little flows, it befalls whatever connections there are.
    if (!isInTime) proxy.tunnels.forEach(ACCIDENTS[name]);
    told(`${name} ${isInTime ? `after ${bytes} bytes ${direction}` : 'out of the blue'}`);
    await pause(random.between(0, restMs));
    if (random.chance(0.5)) proxy.resume();
    else proxy.cut();
  }
}

/** Ends all mischief: what is stalled or half open is reset, and what comes then is left alone. */
export function calm(proxy) {
  proxy.disarm();
  proxy.refuse = false;
  proxy.cut();
}
