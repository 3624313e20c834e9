import { parseArgs } from 'node:util';

/** The one who started the bench has to change something; no stack trace helps. */
export class UsageError extends Error {}

/** What every scenario takes besides its own options. */
export const COMMON_OPTIONS = {
  generators: { value: 0, about: 'processes that hold the clients (0: one for each 5000 clients, at most two)' },
  workers: { value: 1, about: 'WORKERS of the relay' },
  'padding-bytes': { value: 100, about: 'bytes that each payload has besides its number and time' },
};

/**
 * Reads `args` by `declared`: for each name `value` (the default: a number, or an array of words), `small` (the default
 * with --small), `of` (the words an array may have) and `about`. Returns them in camelCase, with `settings` of the relay.
 */
export function readOptions(args, declared) {
  const { values } = parse(args, declared);
  const options = { small: values.small, record: values.record, settings: readSettings(values.setting) };
  for (const [name, declaration] of Object.entries(declared)) {
    const preset = values.small && declaration.small !== undefined ? declaration.small : declaration.value;
    const text = values[name];
    options[camelCase(name)] = text === undefined ? preset : readValue(name, text, declaration);
  }
  if (options.generators === 0) options.generators = Math.min(2, Math.ceil(options.clients / 5000));
  return options;
}

export function describeOptions(declared) {
  return Object.entries(declared)
    .map(([name, { value, small, about }]) => {
      const preset = small === undefined ? String(value) : `${value}; ${small} with --small`;
      return `  --${name.padEnd(16)} ${about} (${preset})`;
    })
    .join('\n');
}

function parse(args, declared) {
  const options = {
    small: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
    setting: { type: 'string', multiple: true, default: [] },
  };
  for (const name of Object.keys(declared)) options[name] = { type: 'string' };
  try {
    return parseArgs({ args, options, strict: true });
  } catch (error) {
    throw new UsageError(error.message);
  }
}

function readSettings(pairs) {
  const settings = {};
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals < 1) throw new UsageError(`--setting needs NAME=VALUE, and not "${pair}"`);
    settings[pair.slice(0, equals)] = pair.slice(equals + 1);
  }
  return settings;
}

function readValue(name, text, { value, of }) {
  if (Array.isArray(value)) {
    const words = text.split(',');
    const strange = words.find((word) => !of.includes(word));
    if (strange !== undefined) throw new UsageError(`--${name} takes ${of.join(', ')}, and not "${strange}"`);
    return words;
  }
  const number = Number(text);
  if (text === '' || !Number.isFinite(number) || number < 0) throw new UsageError(`--${name} needs a number`);
  return number;
}

const camelCase = (name) => name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase());
