// The same publish and the same socket as code, to be taken along.

import { byId, makeCopyButton } from './dom.js';

export class CodeView {
  constructor(config) {
    this.config = config;
    makeCopyButton(byId('copy-curl'), () => byId('curl').textContent);
    makeCopyButton(byId('copy-snippet'), () => byId('snippet').textContent);
  }

  /** `form` is the publish form. */
  show(form) {
    byId('curl').textContent = this.#curl(form.compactBody());
    byId('snippet').textContent = this.#snippet(form.eventType);
  }

  #curl(body) {
    return [
      `curl ${location.origin}/events \\`,
      `  -H ${shellQuoted(`X-Relay-Key: ${this.config.apiKey}`)} \\`,
      `  -H 'Content-Type: application/json' \\`,
      `  -d ${shellQuoted(body)}`,
    ].join('\n');
  }

  #snippet(type) {
    const { socketPath } = this.config;
    const path = socketPath === '/socket.io/' ? '' : `\n  path: ${quoted(socketPath)},`;
    return `import { io } from 'socket.io-client';

// Your backend mints the token. auth is a function,
// so every reconnect gets a fresh one.
const socket = io(${quoted(location.origin)}, {${path}
  auth: (cb) => getToken().then((token) => cb({ token })),
});

socket.on(${quoted(type)}, ({ payload, issuedAt }, offset) => {
  console.log(payload, issuedAt, offset);
});`;
  }
}

function shellQuoted(text) {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function quoted(text) {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
