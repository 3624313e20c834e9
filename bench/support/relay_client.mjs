// A Socket.IO client over WebSocket that comes back as the stock client does: it remembers the `pid` of the CONNECT
// answer and the last argument of the last event, if that was a string, and brings both along when it connects again.

import { eventFields } from './bench_event.mjs';
import { monotonicMicroseconds } from './monotonic_clock.mjs';
import { SequenceCheck } from './sequence_check.mjs';
import { WebSocketConnection } from './websocket_connection.mjs';

const TARGET = '/socket.io/?EIO=4&transport=websocket';
const ABANDONED_MS_MAX = 2_000;

// The first bytes of the packets, as numbers.
const engine = { open: 0x30, close: 0x31, ping: 0x32, message: 0x34 };
const socketio = { connect: 0x30, disconnect: 0x31, event: 0x32, connectError: 0x34 };

/** The ways to lose a connection; see WebSocketConnection. */
export const CUT_KINDS = ['fin', 'rst', 'silent'];

/**
 * The listener has
 *   onConnected(client, { again, recovered })  the CONNECT answer is there; `again`: not for the first time
 *   onEvent(client, number, publishedAt)       an event of the bench, after `client.check` took its number
 *   onRelayEvent(client, name, argument)       `relay:...`
 *   onClosed(client, reason, wasConnected)     the connection ended, and not by cut()
 *   onFault(client, what)                      something that a relay must not do
 */
export class RelayClient {
  check = new SequenceCheck();
  isConnected = false;
  /** When the CONNECT answer of the present connection came, or when connecting began. */
  connectedAt = 0;
  connectingSince = 0;

  #port;
  #localAddress;
  #token;
  #listener;
  #pid;
  #offset;
  #connection = null;
  #abandoned = null;
  #abandonedWhileConnected = false;

  constructor({ port, localAddress, token, listener }) {
    this.#port = port;
    this.#localAddress = localAddress;
    this.#token = token;
    this.#listener = listener;
  }

  get isAway() {
    return this.#connection === null;
  }

  /** Bytes that the present connection brought. */
  get bytes() {
    return this.#connection?.bytes ?? 0;
  }

  /** From now on what comes is counted and not read; see WebSocketConnection. */
  countOnly(tally) {
    this.#connection.countOnly(tally);
  }

  connect() {
    this.connectingSince = monotonicMicroseconds();
    this.#connection = new WebSocketConnection({
      port: this.#port,
      localAddress: this.#localAddress,
      target: TARGET,
      owner: this,
    });
  }

  cut(kind) {
    const connection = this.#connection;
    const wasConnected = this.isConnected;
    this.#leave();
    if (kind !== 'silent') {
      connection.cut({ withReset: kind === 'rst' });
      return;
    }
    this.#abandoned?.cut({ withReset: true });
    this.#abandoned = connection;
    this.#abandonedWhileConnected = wasConnected;
    connection.abandon(() => {
      if (this.#abandoned === connection) this.#abandoned = null;
    });
  }

  onText(connection, buffer, start, end) {
    switch (buffer[start]) {
      case engine.message:
        this.#onMessage(buffer, start + 1, end);
        break;
      case engine.ping:
        connection.send('3');
        break;
      case engine.open:
        connection.send(`40${JSON.stringify({ pid: this.#pid, offset: this.#offset, token: this.#token })}`);
        break;
      case engine.close:
        break;
      default:
        this.#listener.onFault(this, `Engine.IO packet ${buffer.latin1Slice(start, start + 1)}`);
    }
  }

  onClosed(_connection, reason) {
    const wasConnected = this.isConnected;
    this.#leave();
    this.#listener.onClosed(this, reason, wasConnected);
  }

  #onMessage(buffer, start, end) {
    switch (buffer[start]) {
      case socketio.event:
        this.#onEvent(buffer, start + 1, end);
        break;
      case socketio.connect:
        this.#onConnectAnswer(JSON.parse(buffer.utf8Slice(start + 1, end)));
        break;
      case socketio.connectError:
      case socketio.disconnect:
        this.#listener.onFault(this, `refused: ${buffer.utf8Slice(start, Math.min(end, start + 200))}`);
        break;
      default:
        this.#listener.onFault(this, `Socket.IO packet ${buffer.latin1Slice(start, start + 1)}`);
    }
  }

  #onConnectAnswer({ pid }) {
    const again = this.connectedAt > 0;
    const recovered = pid !== undefined && pid === this.#pid;
    this.#pid = pid;
    this.isConnected = true;
    this.connectedAt = monotonicMicroseconds();
    this.#expectEndOfAbandoned(recovered);
    this.#listener.onConnected(this, { again, recovered });
  }

  #onEvent(buffer, start, end) {
    // The stock client would show such an event after the answer, and a second time if the answer never comes.
    if (!this.isConnected) this.#listener.onFault(this, 'an event before the CONNECT answer');
    const event = eventFields(buffer, start, end);
    if (event.offset !== undefined) this.#offset = event.offset;
    if (event.relayName !== undefined) {
      this.#listener.onRelayEvent(this, event.relayName, event.argument);
      return;
    }
    this.check.take(event.number);
    this.#listener.onEvent(this, event.number, event.publishedAt);
  }

  /**
   * The relay closes the old connection of a socket that recovers; it is its task, so it is watched. But not one that
   * may not have asked for the socket yet.
   */
  #expectEndOfAbandoned(recovered) {
    const connection = this.#abandoned;
    if (!connection) return;
    const mustEnd = recovered && this.#abandonedWhileConnected;
    const giveUp = () => {
      if (this.#abandoned !== connection) return;
      this.#abandoned = null;
      connection.cut({ withReset: true });
      if (mustEnd) this.#listener.onFault(this, 'the old connection of a recovered socket was left open');
    };
    if (mustEnd) setTimeout(giveUp, ABANDONED_MS_MAX).unref();
    else giveUp();
  }

  #leave() {
    this.#connection = null;
    this.isConnected = false;
  }
}
