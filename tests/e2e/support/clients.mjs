// The stock clients, of the oldest and the newest versions that are supported.

import assert from 'node:assert/strict';
import { after } from 'node:test';
import client313 from 'sioc-313';
import client400 from 'sioc-400';
import { io as client484 } from 'socket.io-client';
import { PATIENCE_MS, Record } from './record.mjs';
import { mint } from './tokens.mjs';

export const VERSIONS = {
  '3.1.3': client313.io ?? client313,
  '4.0.0': client400.io ?? client400,
  '4.8.4': client484,
};

/** Modes of the option `transports`: the default polls first and upgrades. */
export const MODES = { default: undefined, websocket: ['websocket'], polling: ['polling'] };

const open = new Set();
after(() => open.forEach((client) => client.close()));

/** A stock client and everything it reported. */
export class StockClient {
  events = new Record('events');
  errors = new Record('connect errors');
  connects = new Record('connects');
  disconnects = new Record('disconnects');
  #answers = new Record('answers to CONNECT');

  /** `auth` or `token`; other options are those of socket.io-client. Reconnecting is off unless asked for. */
  constructor(url, { version = '4.8.4', mode = 'websocket', token, auth, ...options } = {}) {
    this.socket = VERSIONS[version](url, {
      forceNew: true,
      reconnection: false,
      transports: MODES[mode],
      ...(MODES[mode] ? {} : { transports: ['polling', 'websocket'] }),
      auth: auth ?? { token: token ?? mint() },
      ...options,
    });
    this.socket.onAny((name, ...args) => this.events.add({ name, args }));
    this.socket.on('connect', () => {
      this.connects.add(this.socket.id);
      this.#answers.add({ id: this.socket.id });
    });
    this.socket.on('connect_error', (error) => {
      this.errors.add(error);
      this.#answers.add({ message: error.message, data: error.data, cause: error.description?.message });
    });
    this.socket.on('disconnect', (reason) => this.disconnects.add(reason));
    open.add(this);
  }

  /** A client that is connected. */
  static join(url, options) {
    return new StockClient(url, options).connected();
  }

  get id() {
    return this.socket.id;
  }

  get transport() {
    return this.socket.io.engine.transport.name;
  }

  async connected() {
    const answer = await this.#answers.first();
    assert.ok(answer.id, `the client is let in: ${JSON.stringify(answer)}`);
    return this;
  }

  /** The error of a client that is not let in. */
  refused() {
    return this.errors.first(() => true, 'connect_error');
  }

  /** The envelope of the first event of this name; of one that has come or is still to come. */
  async envelope(name, deadlineMs = PATIENCE_MS) {
    return (await this.event(name, deadlineMs)).args[0];
  }

  event(name, deadlineMs = PATIENCE_MS) {
    return this.events.first((event) => event.name === name, `event ${name}`, deadlineMs);
  }

  /** The payloads of the events of this name so far. */
  payloads(name) {
    return this.events.all((event) => event.name === name).map(({ args }) => args[0].payload);
  }

  /** emit with an acknowledgement. */
  ask(name, ...args) {
    const answers = new Record(`acks of ${name}`);
    this.socket.emit(name, ...args, (answer) => answers.add(answer));
    return answers.first();
  }

  disconnected(deadlineMs) {
    return this.disconnects.first(() => true, 'disconnect', deadlineMs);
  }

  /** Resolves when the client has moved from polling to WebSocket. */
  async upgraded() {
    const { engine } = this.socket.io;
    if (engine.transport.name === 'websocket') return this;
    const upgrades = new Record('upgrades');
    engine.once('upgrade', () => upgrades.add('upgrade'));
    await upgrades.first(() => true, 'upgrade to WebSocket');
    return this;
  }

  close() {
    open.delete(this);
    this.socket.io.reconnection(false);
    this.socket.disconnect();
  }
}
