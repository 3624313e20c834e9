import { createHmac } from 'node:crypto';

// They guard nothing: the relay of a bench listens on the loopback for as long as the bench runs.
export const JWT_SIGNING_SECRET = 'bench-signing-secret-0123456789abcdef';
export const API_KEY = 'bench-api-key-0123456789';

const TTL_S = 3600;
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const HEAD = encode({ alg: 'HS256', typ: 'JWT' });

export function mintToken(account, room) {
  const now = Math.floor(Date.now() / 1000);
  const body = encode({ sub: account, sessionId: room, scope: ['subscribe'], iat: now, exp: now + TTL_S });
  const signature = createHmac('sha256', JWT_SIGNING_SECRET).update(`${HEAD}.${body}`).digest('base64url');
  return `${HEAD}.${body}.${signature}`;
}
