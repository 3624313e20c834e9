// The band at the top: what the connection is doing, and what became of the last interruption.

import { byId } from './dom.js';

const headings = {
  connecting: () => 'Connecting',
  connected: () => 'Connected',
  offline: () => 'Offline',
  refused: ({ detail }) => `Refused: ${detail}`,
};

export class StatusView {
  constructor({ goOffline, connectAgain }) {
    this.section = byId('status');
    this.offlineButton = byId('go-offline');
    this.againButton = byId('connect-again');
    this.offlineLabel = this.offlineButton.textContent;
    this.offlineButton.addEventListener('click', goOffline);
    this.againButton.addEventListener('click', connectAgain);
  }

  show(state) {
    this.section.dataset.phase = state.phase;
    setText(byId('status-heading'), headings[state.phase](state));
    setText(byId('room-now'), state.room);
    setText(byId('account-now'), state.account);
    setText(byId('socket-id'), state.phase === 'connected' ? state.socketId : 'none');
    this.#showTransport(state.transport);
    this.offlineButton.disabled = state.phase !== 'connected';
    this.againButton.hidden = state.phase !== 'refused';
    this.state = state;
    setText(byId('status-detail'), this.#detail());
    this.#countDown();
  }

  #showTransport(now) {
    for (const item of byId('transport').children) {
      const current = item.dataset.transport === now;
      if (current === item.hasAttribute('aria-current')) continue;
      if (current) item.setAttribute('aria-current', 'true');
      else item.removeAttribute('aria-current');
    }
  }

  #detail() {
    const { phase, detail, room, account, returned, replayedCount } = this.state;
    switch (phase) {
      case 'offline':
        return 'The transport is cut. Publish now: the event is replayed when the socket comes back.';
      case 'refused':
        return 'The relay said no, so the client does not try again by itself.';
      case 'connecting':
        return detail ? `Connection lost (${detail}). Trying again.` : `Joining ${room} as ${account}.`;
      default:
        if (!returned) return `Listening in ${room} as ${account}.`;
        if (!returned.recovered) return 'Back with a new session: what was sent meanwhile was not replayed.';
        return `Session recovered, ${missed(replayedCount)}.`;
    }
  }

  // In the button, which is not a live region: a screen reader hears the state once and not five numbers.
  #countDown() {
    clearInterval(this.timer);
    this.offlineButton.textContent = this.offlineLabel;
    if (this.state.phase !== 'offline') return;
    const tick = () => {
      const seconds = Math.max(1, Math.ceil((this.state.offlineUntil - Date.now()) / 1000));
      this.offlineButton.textContent = `Back in ${seconds} s`;
    };
    tick();
    this.timer = setInterval(tick, 200);
  }
}

function missed(count) {
  if (count === 0) return 'nothing was missed';
  return count === 1 ? '1 missed event replayed' : `${count} missed events replayed`;
}

// Writing the same text again would make a live region speak again.
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}
