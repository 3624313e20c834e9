// The page's socket: the stock client with its default options, and what it goes through as a plain state.
//
// phase: connecting   no CONNECT answer yet, or lost and trying again
//        connected
//        offline      by our own wish, until `offlineUntil`
//        refused      by CONNECT_ERROR or a DISCONNECT: the stock client has stopped

const offlineMs = 5000;

export class Connection {
  /** `onState(state)` is called after every change, `onEvent({name, args, replayed})` for every event. */
  constructor(config, { onState, onEvent }) {
    this.config = config;
    this.onState = onState;
    this.onEvent = onEvent;
    this.unusedToken = config.token;
    this.state = {};
  }

  /** Leaves the present room, if any, and joins this one with a new token. */
  join(room, account) {
    this.#close();
    this.connectedAt = Infinity;
    this.state = { phase: 'connecting', detail: '', room, account, transport: null, token: null, replayedCount: 0 };
    // forceNew: another room is another session, not a second namespace of the old one.
    this.socket = window.io({
      path: this.config.socketPath,
      forceNew: true,
      auth: (callback) => this.#token().then((token) => callback({ token })),
    });
    this.#watch(this.socket);
    this.#change({});
  }

  connectAgain() {
    this.#change({ phase: 'connecting', detail: '' });
    this.socket.connect();
  }

  /** Cuts the transport as a lost network would, and keeps the stock client from coming back for a while. */
  goOffline() {
    const { io: manager } = this.socket;
    manager.reconnection(false);
    this.#change({ phase: 'offline', detail: '', offlineUntil: Date.now() + offlineMs });
    manager.engine.close();
    this.offlineTimer = setTimeout(() => {
      manager.reconnection(true);
      this.returning = true;
      this.#change({ phase: 'connecting', detail: '' });
      this.socket.connect();
    }, offlineMs);
  }

  #watch(socket) {
    const manager = socket.io;
    // The engine of a manager is a new one after each reconnect; `open` comes before CONNECT is sent.
    const watchEngine = () => {
      const { engine } = manager;
      this.#change({ transport: engine.transport.name });
      engine.on('upgrade', (transport) => this.#change({ transport: transport.name }));
    };
    manager.on('open', watchEngine);

    socket.on('connect', () => this.#connected());
    socket.on('disconnect', (reason) => this.#disconnected(reason));
    socket.on('connect_error', (error) => this.#failed(error));
    socket.on('relay:closing', ({ code }) => (this.closingCode = code));
    socket.on('relay:token_expiring', () => this.#refreshToken());
    socket.onAny((name, ...args) => this.#received(name, args));
  }

  #connected() {
    this.connectedAt = Date.now();
    const { id, recovered } = this.socket;
    this.#change({ phase: 'connected', detail: '', socketId: id, returned: this.returning ? { recovered } : null });
    this.returning = false;
    this.closingCode = null;
  }

  // What was missed was issued before this connect. A Node server replays it before its CONNECT answer, and the stock
  // client then hands it over before the event `connect`.
  #received(name, args) {
    const issuedAt = Date.parse(args[0]?.issuedAt);
    const replayed = Boolean(this.socket.recovered) && issuedAt < this.connectedAt;
    this.onEvent({ name, args, replayed });
    if (replayed) this.#change({ replayedCount: this.state.replayedCount + 1 });
  }

  #disconnected(reason) {
    this.connectedAt = Infinity;
    this.#change({ transport: null, replayedCount: 0 });
    if (this.state.phase === 'offline') return;
    if (reason === 'io server disconnect') {
      this.#change({ phase: 'refused', detail: this.closingCode ?? 'disconnected' });
    } else {
      this.returning = true;
      this.#change({ phase: 'connecting', detail: this.closingCode ?? reason });
    }
    this.closingCode = null;
  }

  #failed(error) {
    // An active socket tries again by itself: the transport failed, and not the token.
    if (this.socket.active) this.#change({ phase: 'connecting', detail: 'the relay does not answer' });
    else this.#change({ phase: 'refused', detail: error.data?.code ?? error.message });
  }

  // When this fails nothing is lost: the relay closes at the old token's end, and auth is asked for a new one.
  async #refreshToken() {
    const { socket, state } = this;
    const token = await fetchToken(state.room, state.account).catch(() => null);
    if (!token) return;
    socket.emit('relay:token_refresh', token, (answer) => {
      if (answer?.ok && state === this.state) this.#change({ token });
    });
  }

  // The page came with a token, which is as good as a fresh one for the first connect to the room that it is for.
  async #token() {
    const { state } = this;
    const { room, account } = state;
    let token = room === this.config.room && account === this.config.account ? this.unusedToken : null;
    this.unusedToken = null;
    token ??= await fetchToken(room, account).catch(() => state.token);
    if (state === this.state) this.#change({ token });
    return token;
  }

  #close() {
    clearTimeout(this.offlineTimer);
    this.returning = false;
    this.closingCode = null;
    if (!this.socket) return;
    this.socket.offAny();
    this.socket.off();
    this.socket.io.off();
    this.socket.disconnect();
  }

  #change(changes) {
    Object.assign(this.state, changes);
    this.onState(this.state);
  }
}

async function fetchToken(room, account) {
  const response = await fetch(`/dev/token?${new URLSearchParams({ room, account })}`, { cache: 'no-store' });
  if (!response.ok) throw new Error(`GET /dev/token: ${response.status}`);
  return (await response.text()).trim();
}
