// The try-it page in a real browser, served by a real relay.

import assert from 'node:assert/strict';
import test, { after } from 'node:test';
import { chromium } from 'playwright-core';
import { fresh } from '../../tests/e2e/support/names.mjs';
import { startRelay } from '../../tests/e2e/support/relay.mjs';
import { API_KEY } from '../../tests/e2e/support/settings.mjs';

const relay = await startRelay(test, { DEV: 'true' });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
});
after(() => browser.close());

const desktop = { viewport: { width: 1280, height: 800 } };
const phone = { viewport: { width: 375, height: 812 }, isMobile: true, hasTouch: true };

const phase = (page, name) => page.locator(`#status[data-phase=${name}]`).waitFor();
const entry = (page, type) => page.locator('.entry').filter({ has: page.locator('.type', { hasText: type }) });
const shown = (page, id, text) => page.locator(`#${id}`, { hasText: text }).waitFor();

async function publish(page, type, payload) {
  await page.fill('#publish-type', type);
  await page.fill('#publish-payload', payload);
  await page.click('#publish-button');
}

/**
 * The page, connected and upgraded, in a room of its own. After the test it must have asked no other host for anything,
 * and its console must hold no error; a violated Content-Security-Policy is one.
 */
async function visit(t, { room = fresh('room'), account = 'ann', ...options } = {}) {
  const context = await browser.newContext({ ...desktop, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.setDefaultTimeout(15_000);
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol !== 'data:' && origin !== relay.url) complaints.push(`request to ${request.url()}`);
  });
  page.on('websocket', (socket) => {
    if (new URL(socket.url()).host !== new URL(relay.url).host) complaints.push(`WebSocket to ${socket.url()}`);
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await page.addInitScript(recordTransports);
  await page.goto(`${relay.url}/?${new URLSearchParams({ room, account })}`);
  await phase(page, 'connected');
  await page.locator('[data-transport=websocket][aria-current]').waitFor();
  return { page, room };
}

// Runs in the page, before its own scripts: window.transports is each transport that was shown as the present one.
function recordTransports() {
  window.transports = [];
  const observer = new MutationObserver((changes) => {
    const shown = changes.filter(({ target }) => target.hasAttribute('aria-current'));
    window.transports.push(...shown.map(({ target }) => target.dataset.transport));
  });
  observer.observe(document, { subtree: true, attributeFilter: ['aria-current'] });
}

test('connects on polling and is seen to upgrade to WebSocket', async (t) => {
  const { page, room } = await visit(t);

  assert.deepEqual(await page.evaluate(() => window.transports), ['polling', 'websocket']);
  assert.equal(await page.textContent('#room-now'), room);
  assert.equal(await page.textContent('#account-now'), 'ann');
  assert.match(await page.textContent('#socket-id'), /^\S{20}$/);
  assert.equal(await page.textContent('#log-empty .empty-title'), 'Nothing yet');
});

test('without an address of its own it is in the room that the relay proposes', async (t) => {
  const { page } = await visit(t);

  await page.goto(relay.url);

  await phase(page, 'connected');
  assert.equal(await page.textContent('#room-now'), 'demo');
});

test('an event published by the page arrives in its log', async (t) => {
  const { page } = await visit(t);

  await publish(page, 'vote.cast', '{"issueKey":"SCRUM-1","points":5}');

  await shown(page, 'publish-answer', '1 recipient');
  assert.match(await page.textContent('#publish-answer'), /202 in \d+ ms.*id \S+/);
  const arrived = entry(page, 'vote.cast');
  assert.equal(await arrived.locator('pre').textContent(), '{ "issueKey": "SCRUM-1", "points": 5 }');
  assert.match(await arrived.locator('.latency').textContent(), /^\d+ ms$/);
  assert.match(await arrived.locator('.offset').textContent(), /^\S+$/);
});

test('an event published by a backend arrives in every tab of the room', async (t) => {
  const { page, room } = await visit(t);
  const { page: other } = await visit(t, { room, account: 'bob' });

  const { recipients } = await relay.publish(room, 'issue.moved', { markup: '<b>"\'&</b>', big: 12 });

  assert.equal(recipients, 2);
  for (const tab of [page, other]) {
    const payload = await entry(tab, 'issue.moved').locator('pre').textContent();
    assert.equal(payload, `{ "markup": "<b>\\"'&</b>", "big": 12 }`);
  }
});

test('nothing is sent before it is valid', async (t) => {
  const { page } = await visit(t);
  const sent = [];
  page.on('request', (request) => sent.push(new URL(request.url()).pathname));

  await publish(page, 'connect', '{"a":1,}');

  await shown(page, 'publish-type-error', 'Reserved');
  await shown(page, 'publish-payload-error', 'Not JSON');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'publish-type');
  assert.ok(!sent.includes('/events'), 'no POST /events');
});

test('the log keeps the newest 200', async (t) => {
  const { page, room } = await visit(t);
  const events = Array.from({ length: 250 }, (_, number) => ({ room, type: 'tick', payload: { number } }));

  assert.equal((await relay.post(events)).status, 202);

  await shown(page, 'log-count', 'last 200 of 250');
  assert.equal(await page.locator('.entry').count(), 200);
  assert.equal(await page.locator('.entry pre').first().textContent(), '{ "number": 249 }');
});

test('offline for 5 s: it comes back, recovered, with what was sent meanwhile', async (t) => {
  const { page, room } = await visit(t);
  // Recovery starts from an event's offset.
  await relay.publish(room, 'before', {});
  await entry(page, 'before').waitFor();

  await page.click('#go-offline');
  await phase(page, 'offline');
  await page.locator('#go-offline:disabled', { hasText: 'Back in' }).waitFor();
  await relay.publish(room, 'meanwhile', { number: 1 });
  await relay.publish(room, 'meanwhile', { number: 2 });

  await phase(page, 'connected');
  await shown(page, 'status-detail', 'Session recovered, 2 missed events replayed.');
  assert.deepEqual(await entry(page, 'meanwhile').locator('pre').allTextContents(), [
    '{ "number": 2 }',
    '{ "number": 1 }',
  ]);
  assert.equal(await entry(page, 'meanwhile').locator('.tag', { hasText: 'replayed' }).count(), 2);
  assert.equal(await entry(page, 'before').count(), 1);
});

test('the token is decoded, and joining another room takes one for that room', async (t) => {
  const { page, room } = await visit(t);
  const claims = async () => JSON.parse(await page.textContent('#token-claims'));
  const { sub, sessionId, exp } = await claims();
  assert.deepEqual({ sub, sessionId }, { sub: 'ann', sessionId: room });
  assert.ok(exp > Date.now() / 1000, 'exp is in the future');
  assert.equal(JSON.parse(await page.textContent('#token-header')).alg, 'HS256');
  assert.match(await page.textContent('#token-expiry'), /^expires in \d/);

  const next = fresh('room');
  await page.fill('#join-room', next);
  await page.fill('#join-account', 'bob');
  await page.click('#join-form button');

  await shown(page, 'room-now', next);
  await phase(page, 'connected');
  await shown(page, 'token-claims', next);
  assert.equal((await claims()).sub, 'bob');
  assert.equal((await relay.publish(next, 'joined', {})).recipients, 1);
  assert.equal((await relay.publish(room, 'left', {})).recipients, 0);
  await entry(page, 'joined').waitFor();
});

test('a refusal is shown with its code, and can be tried again with another token', async (t) => {
  const { page } = await visit(t);
  await page.route('**/dev/token?*', (route) => route.fulfill({ contentType: 'text/plain', body: 'nonsense' }));

  await page.fill('#join-room', fresh('room'));
  await page.click('#join-form button');

  await phase(page, 'refused');
  await shown(page, 'status-heading', 'Refused: token_malformed');
  assert.ok(await page.isDisabled('#go-offline'));

  await page.unroute('**/dev/token?*');
  await page.click('#connect-again');

  await phase(page, 'connected');
});

test('the copied curl line is the request of the form', async (t) => {
  const { page, room } = await visit(t, { permissions: ['clipboard-read', 'clipboard-write'] });
  await page.fill('#publish-type', 'note');
  await page.fill('#publish-payload', '{\n  "text": "it\'s"\n}');

  await page.click('#copy-curl');

  await shown(page, 'copy-curl', 'Copied');
  const line = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(line.startsWith(`curl ${relay.url}/events `), line);
  assert.ok(line.includes(`'X-Relay-Key: ${API_KEY}'`), line);
  assert.ok(line.includes(`'{"room":"${room}","type":"note","payload":{ "text": "it'\\''s" }}'`), line);
});

test('fits a phone: nothing to scroll sideways, targets of 44 px', async (t) => {
  const { page } = await visit(t, phone);
  await publish(page, 'a'.repeat(128), `{"long":"${'x'.repeat(3000)}"}`);
  await entry(page, 'a'.repeat(128)).waitFor();

  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  const small = await page.evaluate(() =>
    [...document.querySelectorAll('button, input, textarea, a')]
      .map((target) => ({ id: target.id, height: target.getBoundingClientRect().height }))
      .filter(({ height }) => height > 0 && height < 44),
  );

  assert.equal(width, 375);
  assert.deepEqual(small, []);
});

for (const colorScheme of ['light', 'dark']) {
  test(`the ${colorScheme} scheme has the contrast of WCAG AA`, async (t) => {
    const { page } = await visit(t, { colorScheme, reducedMotion: 'reduce' });
    await publish(page, 'vote.cast', '{"points":5}');
    await entry(page, 'vote.cast').waitFor();
    await publish(page, '', '{');

    const { weak, ground } = await page.evaluate(measureContrast);

    assert.deepEqual(weak, []);
    assert.equal(ground > 0.5, colorScheme === 'light', `luminance of the ground: ${ground}`);
  });
}

// Runs in the page: the texts whose contrast with the ground behind them is below 4.5, and the page's own luminance.
function measureContrast() {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const linear = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
    const [red, green, blue] = channels(color).slice(0, 3).map(linear);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (channels(color)[3] !== 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const weak = [];
  for (const node of document.body.querySelectorAll('*')) {
    const hasText = [...node.childNodes].some((child) => child.nodeType === Node.TEXT_NODE && child.data.trim());
    if (!hasText || !node.checkVisibility()) continue;
    const [dark, light] = [getComputedStyle(node).color, groundOf(node)].map(luminance).sort((a, b) => a - b);
    const contrast = (light + 0.05) / (dark + 0.05);
    if (contrast < 4.5) weak.push(`${node.id || node.className || node.tagName}: ${contrast.toFixed(2)}`);
  }
  return { weak, ground: luminance(getComputedStyle(document.body).backgroundColor) };
}
