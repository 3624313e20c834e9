// What befalls a cluster, at random moments: to Redis, to the networks before it, to relays and to their clients.

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** By name; each is called with (cluster, clients, random) and resolves when it is over, but for its consequences. */
const ACCIDENTS = {
  'the connections of a relay to Redis are reset': ({ nodes }, _, random) =>
    random.pick(nodes).network.cut({ how: 'reset' }),
  'the connections of a relay to Redis end': ({ nodes }, _, random) => random.pick(nodes).network.cut({ how: 'end' }),
  'one side of the connections to Redis is reset': ({ nodes }, _, random) =>
    random.pick(nodes).network.cut({ how: 'reset', side: random.pick(['client', 'relay']) }),
  'the connections to Redis are cut in the middle of something': async ({ nodes }, _, random) => {
    const { network } = random.pick(nodes);
    const direction = random.pick(['toRelay', 'toClient']);
    const happened = network.after(random.magnitude(1, 5000), direction, (tunnel) => tunnel.cut());
    await Promise.race([happened, pause(700)]);
    network.disarm();
  },
  'the way to Redis stalls': async ({ nodes }, _, random) => {
    const { network } = random.pick(nodes);
    network.stall(random.pick(['toRelay', 'toClient', undefined]));
    await pause(random.between(100, 1500));
    if (random.chance(0.5)) network.resume();
    else network.cut();
  },
  'the way to Redis is slow': async ({ nodes }, _, random) => {
    const { line } = random.pick(nodes);
    line.delayMs = random.between(5, 40);
    await pause(600);
    line.delayMs = 0;
  },
  'Redis hangs': async ({ redis }, _, random) => {
    redis.freeze();
    await pause(random.between(100, 1500));
    redis.thaw();
  },
  'Redis is killed and started again': async ({ redis }, _, random) => {
    await redis.kill();
    await pause(random.between(0, 300));
    await redis.restart({ empty: false });
  },
  'a relay is killed and started again': async (cluster, clients, random) => {
    const index = random.between(0, cluster.nodes.length - 1);
    const { port } = cluster.nodes[index];
    const others = cluster.nodes.filter((node) => node.port !== port);
    for (const { proxy } of clients) if (proxy.target === port) proxy.target = random.pick(others).port;
    await cluster.restart(index);
  },
  'a client is cut and comes to another relay': async ({ nodes }, clients, random) => {
    const { proxy } = random.pick(clients);
    proxy.target = random.pick(nodes).port;
    proxy.cut();
  },
};

/** Each of these once, in random order, and then again, `count` in all. `told` gets a line about each. */
export async function disturbCluster(cluster, clients, random, count, { told = () => {}, restMs = 500 } = {}) {
  let names = [];
  for (let number = 0; number < count; number++) {
    if (names.length === 0) names = Object.keys(ACCIDENTS);
    const [name] = names.splice(random.between(0, names.length - 1), 1);
    told(name);
    await ACCIDENTS[name](cluster, clients, random);
    await pause(random.between(0, restMs));
  }
}

/** Ends all mischief: what is stalled or slow flows, and what comes then is left alone. */
export function calmCluster({ nodes, redis }) {
  redis.thaw();
  for (const { network, line } of nodes) {
    network.disarm();
    network.resume();
    line.delayMs = 0;
  }
}
