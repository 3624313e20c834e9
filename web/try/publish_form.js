// POST /events from a form: checked before it is sent, and the relay's answer afterwards.

import { byId, element, nameError, showFieldError } from './dom.js';

const reservedTypes = ['connect', 'connect_error', 'disconnect', 'disconnecting', 'newListener', 'removeListener'];
const firstPayload = '{\n  "issueKey": "SCRUM-1",\n  "points": 5\n}';

export class PublishForm {
  /** `onChange()` is called when the event in the form is another. */
  constructor(config, onChange) {
    this.config = config;
    this.room = byId('publish-room');
    this.type = byId('publish-type');
    this.payload = byId('publish-payload');
    this.answer = byId('publish-answer');
    this.type.value = 'vote.cast';
    this.payload.value = firstPayload;

    const form = byId('publish-form');
    form.addEventListener('input', ({ target }) => {
      // An error goes as soon as it is mended, but comes on submit only: one that came when its field loses the focus
      // would move the button away from under the click that took the focus.
      if (target.hasAttribute('aria-invalid')) this.#check();
      onChange();
    });
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#submit();
    });
    form.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
  }

  setRoom(room) {
    this.room.value = room;
    this.#check();
  }

  get eventType() {
    return this.type.value;
  }

  /** The request's body. The payload goes as it was typed: parsing it here would round large numbers. */
  body(payload = this.payload.value) {
    const [room, type] = [this.room.value, this.type.value].map((text) => JSON.stringify(text));
    return `{"room":${room},"type":${type},"payload":${payload.trim() || '{}'}}`;
  }

  /** The body in one line, for a command line; the form's text when it is no JSON. */
  compactBody() {
    const isJson = jsonError(this.payload.value) === '';
    return this.body(isJson ? withoutLineBreaks(this.payload.value) : undefined);
  }

  #check() {
    showFieldError(this.room, nameError(this.room.value, 200));
    showFieldError(this.type, typeError(this.type.value));
    showFieldError(this.payload, jsonError(this.payload.value));
    return [this.room, this.type, this.payload].find((field) => field.hasAttribute('aria-invalid'));
  }

  async #submit() {
    const wrong = this.#check();
    this.answer.replaceChildren();
    if (wrong) {
      wrong.focus();
      return;
    }
    const started = performance.now();
    try {
      const response = await fetch('/events', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'X-Relay-Key': this.config.apiKey },
        body: this.body(),
      });
      const answer = await response.json().catch(() => ({}));
      this.#show(response.ok ? accepted(answer) : refused(response, answer), response.status, started);
    } catch {
      this.answer.replaceChildren(element('p', { className: 'bad' }, 'The relay does not answer.'));
    }
  }

  #show(nodes, status, started) {
    const milliseconds = Math.round(performance.now() - started);
    const facts = element('span', { className: 'meta' }, `${status} in ${milliseconds} ms`);
    this.answer.replaceChildren(element('p', {}, facts, nodes[0]), ...nodes.slice(1));
  }
}

function accepted({ recipients, id }) {
  const reached = recipients === 1 ? '1 recipient' : `${recipients} recipients`;
  const nobody = recipients === 0 ? [element('p', {}, 'Nobody is in this room right now.')] : [];
  return [
    element('strong', {}, reached),
    ...nobody,
    element('p', { className: 'mono id', title: 'The event’s id' }, `id ${id}`),
  ];
}

function refused(response, { code, detail, title, errors = [] }) {
  const list = errors.map(({ path, message }) => element('li', {}, element('code', {}, path || '/'), ` ${message}`));
  return [
    element('strong', { className: 'bad' }, code ?? response.statusText),
    element('p', {}, detail ?? title ?? ''),
    ...(list.length > 0 ? [element('ul', {}, ...list)] : []),
  ];
}

function typeError(type) {
  if (reservedTypes.includes(type)) return 'Reserved by Socket.IO';
  if (type.startsWith('relay:')) return 'relay: is the relay’s own';
  return nameError(type, 128);
}

function jsonError(text) {
  if (text.trim() === '') return '';
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return `Not JSON: ${error.message}`;
  }
}

// A JSON string holds no raw line break, so every one of them is between tokens.
function withoutLineBreaks(json) {
  return json.trim().replace(/\s*[\r\n]\s*/g, ' ');
}
