// What every relay of these tests is started with, unless a test says otherwise.

export const JWT_SECRET = 'e2e-signing-secret-0123456789-abcdefghij';
export const API_KEY = 'e2e-publish-key-0001';
export const SECOND_API_KEY = 'e2e-publish-key-0002';

export const BASE_SETTINGS = {
  HOST: '127.0.0.1',
  PORT: '0',
  JWT_SIGNING_SECRET: JWT_SECRET,
  RELAY_API_KEY: `${API_KEY},${SECOND_API_KEY}`,
  RATE_LIMIT_IP: '0',
  RATE_LIMIT_AUTH_FAILURES: '0',
  RATE_LIMIT_PUBLISH: '0',
  RATE_LIMIT_SESSION: '0',
  RATE_LIMIT_SOCKET: '0',
  READY_DELAY_S: '0',
  DRAIN_S: '0',
};
