// Tokens as the backend mints them: compact JWS (RFC 7515) with HS256.

import { createHmac } from 'node:crypto';
import { fresh } from './names.mjs';
import { JWT_SECRET } from './settings.mjs';

export const nowSeconds = () => Math.floor(Date.now() / 1000);

export const base64url = (value) =>
  Buffer.from(typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value)).toString(
    'base64url',
  );

/** Header and claims as given, even wrong ones; HMAC-SHA256 over them. */
export function sign(header, payload, secret = JWT_SECRET) {
  const signed = `${base64url(header)}.${base64url(payload)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** Good claims for five minutes; a claim set to undefined is left out. */
export function claims(changes = {}) {
  const now = nowSeconds();
  const all = {
    sub: fresh('account'),
    sessionId: fresh('room'),
    scope: ['subscribe'],
    iat: now,
    exp: now + 300,
    ...changes,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

export const mint = (changes = {}, secret = JWT_SECRET) => sign({ alg: 'HS256', typ: 'JWT' }, claims(changes), secret);

/** A token that may emit client events into `room`. */
export const publisherToken = (room, changes = {}) =>
  mint({ sessionId: room, scope: ['subscribe', 'publish'], ...changes });

/** The parts of a compact token, not verified. */
export function decode(token) {
  const [header, payload] = token.split('.');
  const parse = (part) => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  return { header: parse(header), claims: parse(payload) };
}

export function isSignedWith(token, secret = JWT_SECRET) {
  const [header, payload, signature] = token.split('.');
  return createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url') === signature;
}
