// A strict reader of the Prometheus text format 0.0.4 and of OpenMetrics 1.0: what it does not know is an error.

import assert from 'node:assert/strict';

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABELS = String.raw`\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\}`;
const EXEMPLAR = String.raw`(?: # \{[^}]*\} \S+(?: \S+)?)?`;
const SAMPLE = new RegExp(String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:${LABELS})? (\S+)(?: -?[0-9.]+)?${EXEMPLAR}$`);
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\\\|\\"|\\n)*)"(,|$)/y;
const SUFFIXES = {
  counter: { text: [''], open: ['_total', '_created'] },
  gauge: { text: [''], open: [''] },
  histogram: { text: ['_bucket', '_sum', '_count'], open: ['_bucket', '_sum', '_count', '_created'] },
  summary: { text: ['', '_sum', '_count'], open: ['', '_sum', '_count', '_created'] },
  info: { text: [], open: ['_info'] },
  unknown: { text: [], open: [''] },
  untyped: { text: [''], open: [] },
};

function parseLabels(text) {
  const labels = {};
  let at = 0;
  while (text !== undefined && at < text.length) {
    LABEL.lastIndex = at;
    const match = LABEL.exec(text);
    assert.ok(match, `labels: ${text}`);
    assert.ok(!(match[1] in labels), `a label twice: ${text}`);
    labels[match[1]] = match[2].replace(/\\(.)/g, (_, escaped) => (escaped === 'n' ? '\n' : escaped));
    at = LABEL.lastIndex;
  }
  return labels;
}

function parseValue(text) {
  const special = { '+Inf': Infinity, '-Inf': -Infinity, NaN };
  if (text in special) return special[text];
  assert.match(text, /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/, `a value: ${text}`);
  return Number(text);
}

function addSample(line, family, seen, form) {
  const match = SAMPLE.exec(line);
  assert.ok(match, `a sample: ${line}`);
  const [, name, labelText, valueText] = match;
  assert.ok(family, `a sample without a family before it: ${line}`);
  const suffix = name.slice(family.name.length);
  const allowed = SUFFIXES[family.type ?? 'untyped'][form];
  assert.ok(
    name.startsWith(family.name) && allowed.includes(suffix),
    `${line} is no sample of ${family.type} ${family.name}`,
  );
  const labels = parseLabels(labelText);
  const key = JSON.stringify([name, Object.entries(labels).sort()]);
  assert.ok(!seen.has(key), `a sample twice: ${line}`);
  seen.add(key);
  family.samples.push({ suffix, labels, value: parseValue(valueText) });
}

/** Buckets rise, the last is +Inf and equals _count. */
function checkHistogram({ name, samples }) {
  const groups = {};
  for (const { suffix, labels, value } of samples) {
    const { le, ...others } = labels;
    const group = (groups[JSON.stringify(others)] ??= { buckets: [] });
    if (suffix === '_bucket') group.buckets.push([parseValue(le), value]);
    else group[suffix] = value;
  }
  for (const { buckets, _count: count, _sum: sum } of Object.values(groups)) {
    assert.ok(Number.isFinite(count) && Number.isFinite(sum), `${name} has _count and _sum`);
    assert.deepEqual(buckets.at(-1), [Infinity, count], `${name}: the last bucket is +Inf`);
    for (let index = 1; index < buckets.length; index++) {
      const [[lower, fewer], [upper, more]] = [buckets[index - 1], buckets[index]];
      assert.ok(lower < upper && fewer <= more, `${name}: buckets rise`);
    }
  }
}

/** Families by name: {name, type, help, samples: [{suffix, labels, value}]}. `form` is 'text' or 'open'. */
export function parseMetrics(text, form = 'text') {
  assert.ok(text.endsWith('\n') && !text.includes('\r'), 'lines end with a line feed, the last one as well');
  const lines = text.slice(0, -1).split('\n');
  if (form === 'open') assert.equal(lines.pop(), '# EOF');
  const families = new Map();
  const seen = new Set();
  let current = null;
  for (const line of lines) {
    const comment = /^# (HELP|TYPE|UNIT) (\S+)(?: (.*))?$/.exec(line);
    if (!comment) {
      assert.ok(!line.startsWith('#') || form === 'text', `a comment: ${line}`);
      if (!line.startsWith('#') && line !== '') addSample(line, current, seen, form);
      continue;
    }
    const [, kind, name, rest] = comment;
    assert.match(name, NAME);
    if (current?.name !== name) {
      assert.ok(!families.has(name), `the family ${name} is in one piece`);
      current = { name, samples: [] };
      families.set(name, current);
    }
    const member = kind.toLowerCase();
    assert.ok(!(member in current) && current.samples.length === 0, `${line}: once, before the samples`);
    current[member] = rest ?? '';
    if (kind === 'TYPE') assert.ok(SUFFIXES[rest]?.[form].length > 0, `a type: ${line}`);
  }
  for (const family of families.values()) if (family.type === 'histogram') checkHistogram(family);
  return families;
}

/** The sum over the samples that have these labels. */
export function total(families, name, labels = {}) {
  const family = families.get(name);
  assert.ok(family, `a family ${name}`);
  const fits = (sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value);
  return family.samples.filter(fits).reduce((sum, { value }) => sum + value, 0);
}
