// Small tools of the page's parts.

/** An element with properties (`dataset` and attributes with a dash included) and children, nodes or text. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes('-')) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

const jsonWidth = 64;

/** A value as JSON text for people: what fits in a line stays in one. */
export function formatJson(value, indent = '') {
  const members = Object.entries(value ?? {});
  if (typeof value !== 'object' || members.length === 0) return JSON.stringify(value) ?? '';
  const deeper = `${indent}  `;
  const parts = members.map(([key, member]) => {
    const text = formatJson(member, deeper);
    return Array.isArray(value) ? text : `${JSON.stringify(key)}: ${text}`;
  });
  const [open, close, space] = Array.isArray(value) ? ['[', ']', ''] : ['{', '}', ' '];
  const line = open + space + parts.join(', ') + space + close;
  const fits = indent.length + line.length <= jsonWidth && !line.includes('\n');
  return fits ? line : `${open}\n${deeper}${parts.join(`,\n${deeper}`)}\n${indent}${close}`;
}

const jsonToken = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** JSON text as nodes in which keys, strings and other scalars can be told apart. */
export function highlightJson(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(jsonToken)) {
    const [whole, string, colon] = match;
    const kind = colon ? 'key' : string ? 'string' : 'scalar';
    nodes.push(text.slice(end, match.index), element('span', { className: kind }, string ?? whole), colon ?? '');
    end = match.index + whole.length;
  }
  nodes.push(text.slice(end));
  return nodes;
}

/** A button that copies what `text()` gives, and says for a moment what came of it. */
export function makeCopyButton(button, text) {
  const label = button.textContent;
  let timer;
  button.addEventListener('click', async () => {
    const copied = await copy(text());
    button.textContent = copied ? 'Copied' : 'Not copied';
    clearTimeout(timer);
    timer = setTimeout(() => (button.textContent = label), 1500);
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // No clipboard without HTTPS, except on this very machine; the older way works then.
    return copyBySelection(text);
  }
}

function copyBySelection(text) {
  const area = element('textarea', { value: text, readOnly: true, className: 'off-screen' });
  const focused = document.activeElement;
  document.body.append(area);
  area.select();
  const copied = document.execCommand('copy');
  area.remove();
  focused?.focus();
  return copied;
}

/** Shows what is wrong with a field, or with an empty message that nothing is. */
export function showFieldError(input, message) {
  const error = byId(`${input.id}-error`);
  error.textContent = message;
  if (message) {
    input.setAttribute('aria-invalid', 'true');
    input.setAttribute('aria-describedby', error.id);
  } else {
    input.removeAttribute('aria-invalid');
    input.removeAttribute('aria-describedby');
  }
}

const controlCharacter = /\p{Cc}/u;

/** Why the relay would refuse this as a room, an account or a type; empty when it would not. */
export function nameError(text, bytesMax) {
  if (text === '') return 'Needed';
  if (controlCharacter.test(text)) return 'No control characters';
  return new TextEncoder().encode(text).length > bytesMax ? `At most ${bytesMax} bytes` : '';
}
