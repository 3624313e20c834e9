// The events that came, newest first.

import { byId, element, formatJson, highlightJson } from './dom.js';

const entriesMax = 200;
const payloadCharactersMax = 4000;

export class EventLog {
  constructor() {
    this.list = byId('log-entries');
    this.total = 0;
    this.waiting = [];
    byId('log-clear').addEventListener('click', () => this.#clear());
  }

  /** An event as it came: name, arguments, and whether recovery replayed it. */
  add({ name, args, replayed }) {
    this.total += 1;
    this.waiting.push({ name, args, replayed, at: new Date() });
    if (this.waiting.length > entriesMax) this.waiting.shift();
    // Once per frame, however many come: a busy room must not make the page slow.
    this.frame ??= requestAnimationFrame(() => this.#render());
  }

  #render() {
    this.frame = null;
    this.list.prepend(...this.waiting.reverse().map(entry));
    this.waiting = [];
    while (this.list.childElementCount > entriesMax) this.list.lastElementChild.remove();
    this.#showCount();
  }

  #clear() {
    this.list.replaceChildren();
    this.waiting = [];
    this.total = 0;
    this.#showCount();
  }

  #showCount() {
    const shown = this.list.childElementCount;
    this.list.hidden = shown === 0;
    byId('log-empty').hidden = shown > 0;
    byId('log-clear').disabled = shown === 0;
    byId('log-count').textContent =
      shown === 0 ? '' : this.total > shown ? `last ${shown} of ${this.total}` : `${shown}`;
  }
}

function entry({ name, args, replayed, at }) {
  const ownEvent = name.startsWith('relay:');
  const offset = typeof args[1] === 'string' ? args[1] : null;
  const envelope = !ownEvent && isEnvelope(args[0]) ? args[0] : null;
  return element(
    'li',
    { className: ownEvent ? 'entry own' : 'entry' },
    element(
      'div',
      { className: 'entry-head' },
      element('time', { dateTime: at.toISOString() }, clockTime(at)),
      element('span', { className: 'type' }, envelope?.type ?? name),
      ...tags({ ownEvent, envelope, replayed }),
      element('span', { className: 'meta' }, ...meta({ offset, envelope, replayed, at })),
    ),
    element('pre', {}, ...payload(envelope ? envelope.payload : args[0])),
  );
}

function tags({ ownEvent, envelope, replayed }) {
  const words = [ownEvent && 'from the relay', replayed && 'replayed', envelope?.from && `from ${envelope.from}`];
  return words.filter(Boolean).map((word) => element('span', { className: 'tag' }, word));
}

// A replayed event's age says how long it waited, which is not latency.
function meta({ offset, envelope, replayed, at }) {
  const parts = [];
  const milliseconds = at - Date.parse(envelope?.issuedAt);
  if (!replayed && Number.isFinite(milliseconds)) {
    const title = `Issued ${envelope.issuedAt}; exact only if the clocks of both machines agree`;
    parts.push(element('span', { className: 'latency', title }, `${Math.max(0, milliseconds)} ms`));
  }
  if (offset) parts.push(element('span', { className: 'offset', title: `Offset ${offset}` }, offset));
  return parts;
}

function payload(value) {
  const text = formatJson(value);
  if (text.length <= payloadCharactersMax) return highlightJson(text);
  const rest = (text.length - payloadCharactersMax).toLocaleString('en');
  return [text.slice(0, payloadCharactersMax), element('span', { className: 'cut' }, `\n${rest} more characters`)];
}

function isEnvelope(value) {
  return typeof value === 'object' && value !== null && 'type' in value && 'payload' in value && 'issuedAt' in value;
}

function clockTime(date) {
  const two = (number) => String(number).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}
