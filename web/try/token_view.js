// The token that the socket connected with, decoded. Nothing here verifies it: that is the relay's part.

import { byId, formatJson, highlightJson, makeCopyButton } from './dom.js';

export class TokenView {
  constructor() {
    this.token = '';
    makeCopyButton(byId('copy-token'), () => this.token);
    setInterval(() => this.#showExpiry(), 1000);
  }

  show(token) {
    if (token === this.token) return;
    this.token = token;
    const [header, claims] = decode(token);
    byId('token-header').replaceChildren(...highlightJson(formatJson(header)));
    byId('token-claims').replaceChildren(...highlightJson(formatJson(claims)));
    byId('copy-token').disabled = false;
    this.expiry = claims.exp;
    this.#showExpiry();
  }

  #showExpiry() {
    if (this.expiry === undefined) return;
    const seconds = Math.round(this.expiry - Date.now() / 1000);
    const target = byId('token-expiry');
    target.classList.toggle('bad', seconds <= 0);
    target.textContent = seconds > 0 ? `expires in ${duration(seconds)}` : 'expired; the next connect takes a new one';
  }
}

function decode(token) {
  try {
    const parts = token.split('.');
    return parts.slice(0, 2).map((part) => JSON.parse(textOfBase64Url(part)));
  } catch {
    return [{}, {}];
  }
}

function textOfBase64Url(text) {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return new TextDecoder().decode(Uint8Array.from(bytes, (character) => character.charCodeAt(0)));
}

function duration(seconds) {
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const two = (number) => String(number).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)} h` : `${minutes}:${two(seconds % 60)} min`;
}
