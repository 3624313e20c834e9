// Engine.IO v4 by hand, over WebSocket and over polling, for tests that look at packets.

import assert from 'node:assert/strict';
import { OPCODE, RawWebSocket } from './raw_websocket.mjs';
import { RawConnection, request, requestText } from './raw_http.mjs';
import { PATIENCE_MS, Record } from './record.mjs';
import { mint } from './tokens.mjs';

export const SEPARATOR = '\x1e';

const query = (path, parameters) => `${path}?${new URLSearchParams({ EIO: '4', ...parameters })}`;
export const pollingTarget = (path, sid) => query(path, { transport: 'polling', ...(sid ? { sid } : {}) });
export const websocketTarget = (path, sid) => query(path, { transport: 'websocket', ...(sid ? { sid } : {}) });

/** A session that lives on one WebSocket. Pings are answered unless `pong` is false. */
export class WebSocketSession {
  /** Packets of the server: text, or Buffers for binary frames. The open packet and pings are not among them. */
  packets = new Record('packets');
  pings = new Record('pings');

  static async open(port, { path = '/socket.io/', pong = true, headers, from } = {}) {
    const session = new WebSocketSession();
    session.websocket = await RawWebSocket.open(port, websocketTarget(path), { headers, from });
    assert.equal(session.websocket.handshake.status, 101, session.websocket.handshake.text);
    const first = await session.websocket.frames.first(() => true, 'the open packet');
    session.handshake = JSON.parse(first.payload.toString('utf8').slice(1));
    session.#follow(pong);
    return session;
  }

  /** A session that has joined with the token: {sid, pid} of the answer is `socket`. */
  static async join(port, { token, ...options } = {}) {
    const session = await WebSocketSession.open(port, options);
    return session.connect({ token: token ?? mint() });
  }

  async connect(auth) {
    this.send(`40${auth === undefined ? '' : JSON.stringify(auth)}`);
    const answer = await this.packets.first((packet) => /^4[04]/.test(packet), 'the answer to CONNECT');
    assert.match(answer, /^40\{/, 'CONNECT is accepted');
    this.socket = JSON.parse(answer.slice(2));
    return this;
  }

  send(packet) {
    this.websocket.send(packet);
    return this;
  }

  /** The first text packet that begins so. */
  packet(beginning, deadlineMs = PATIENCE_MS) {
    const matches = (packet) => typeof packet === 'string' && packet.startsWith(beginning);
    return this.packets.first(matches, `a packet ${beginning}`, deadlineMs);
  }

  /** The JSON text after `42` of the first event of this name. */
  async eventText(name) {
    return (await this.packet(`42["${name}"`)).slice(2);
  }

  events(name) {
    return this.packets.all((packet) => typeof packet === 'string' && packet.startsWith(`42["${name}"`));
  }

  /** The arrays [name, ...arguments] of all events so far. */
  get heard() {
    return this.packets
      .all((packet) => typeof packet === 'string' && packet.startsWith('42['))
      .map((packet) => JSON.parse(packet.slice(2)));
  }

  closeFrame(what, deadlineMs) {
    return this.websocket.closeFrame(what, deadlineMs);
  }

  drop() {
    this.websocket.drop();
  }

  #follow(pong) {
    let isOpenPacket = true;
    const take = (frame) => {
      if (!isOpenPacket) this.#take(frame, pong);
      isOpenPacket = false;
    };
    this.websocket.frames.follow(take, () => this.packets.end());
  }

  #take({ opcode, payload }, pong) {
    if (opcode === OPCODE.binary) this.packets.add(payload);
    if (opcode !== OPCODE.text) return;
    const text = payload.toString('utf8');
    if (text !== '2') return this.packets.add(text);
    this.pings.add(Date.now());
    if (pong) this.send('3');
  }
}

/** A session over polling. Every GET and POST is the test's own; nothing is answered by itself. */
export class PollingSession {
  /** Packets that came together with the answer to CONNECT. */
  unread = [];

  static async open(port, { path = '/socket.io/', headers, from } = {}) {
    const session = new PollingSession();
    Object.assign(session, { port, path, headers, from });
    const response = await request(port, 'GET', pollingTarget(path), { headers, from });
    assert.equal(response.status, 200, response.text);
    assert.equal(response.text[0], '0');
    session.opened = response;
    session.handshake = JSON.parse(response.text.slice(1));
    return session;
  }

  /** A session that has joined with the token. */
  static async join(port, { token, ...options } = {}) {
    const session = await PollingSession.open(port, options);
    await session.post(`40${JSON.stringify({ token: token ?? mint() })}`);
    const answer = (await session.get()).text;
    assert.match(answer, /^40\{/, 'CONNECT is accepted');
    const [connected, ...rest] = answer.split(SEPARATOR);
    session.socket = JSON.parse(connected.slice(2));
    session.unread = rest;
    return session;
  }

  get sid() {
    return this.handshake.sid;
  }

  get target() {
    return pollingTarget(this.path, this.sid);
  }

  get(options = {}) {
    return request(this.port, 'GET', this.target, { headers: this.headers, from: this.from, ...options });
  }

  post(body, options = {}) {
    return request(this.port, 'POST', this.target, { headers: this.headers, from: this.from, body, ...options });
  }

  /**
   * A GET that waits at the server: `response` is its promise, `connection` its TCP connection. Another request was
   * answered after it was sent, so with one worker it has arrived.
   */
  async park() {
    const connection = await RawConnection.open(this.port, { from: this.from });
    connection.write(requestText('GET', this.target, this.headers));
    const response = connection.response();
    response.catch(() => {});
    await request(this.port, 'GET', `${this.path}?EIO=4&transport=none`, { from: this.from });
    return { connection, response };
  }

  /** Polls until this many packets have come, pings answered. */
  async packets(count) {
    const all = this.unread.splice(0, count);
    while (all.length < count) {
      const response = await this.get();
      assert.equal(response.status, 200, response.text);
      const received = response.text.split(SEPARATOR);
      if (received.includes('2')) await this.post('3');
      all.push(...received.filter((packet) => packet !== '2'));
    }
    return all;
  }
}
