// The try-it page: one socket in one room, a form that publishes, and what arrives.

import { CodeView } from './code_view.js';
import { Connection } from './connection.js';
import { byId, element, nameError, showFieldError } from './dom.js';
import { EventLog } from './event_log.js';
import { PublishForm } from './publish_form.js';
import { StatusView } from './status_view.js';
import { TokenView } from './token_view.js';

function start(config) {
  byId('version').textContent = config.version;
  const codeView = new CodeView(config);
  const form = new PublishForm(config, () => codeView.show(form));
  const tokenView = new TokenView();
  const log = new EventLog();
  const statusView = new StatusView({
    goOffline: () => connection.goOffline(),
    connectAgain: () => connection.connectAgain(),
  });
  const connection = new Connection(config, {
    onState: (state) => {
      statusView.show(state);
      if (state.token) tokenView.show(state.token);
    },
    onEvent: (event) => log.add(event),
  });

  const join = (room, account) => {
    const address = `?${new URLSearchParams({ room, account })}`;
    history.replaceState(null, '', address);
    byId('another-tab').href = address;
    document.title = `${room} – Socket Relay`;
    form.setRoom(room);
    codeView.show(form);
    connection.join(room, account);
  };
  const wanted = new URLSearchParams(location.search);
  startJoinForm(wanted.get('room') || config.room, wanted.get('account') || config.account, join);
}

function startJoinForm(firstRoom, firstAccount, join) {
  const room = byId('join-room');
  const account = byId('join-account');
  room.value = firstRoom;
  account.value = firstAccount;
  byId('join-form').addEventListener('submit', (event) => {
    event.preventDefault();
    for (const field of [room, account]) showFieldError(field, nameError(field.value, 200));
    const wrong = [room, account].find((field) => field.hasAttribute('aria-invalid'));
    if (wrong) {
      wrong.focus();
      return;
    }
    join(room.value, account.value);
    byId('status').scrollIntoView({ block: 'nearest' });
  });
  join(firstRoom, firstAccount);
}

function loadClient(socketPath) {
  return new Promise((resolve, reject) => {
    const script = element('script', { src: `${socketPath}socket.io.min.js`, onload: resolve });
    script.onerror = () => reject(new Error(`${script.src} could not be loaded`));
    document.head.append(script);
  });
}

function giveUp(reason) {
  byId('status').dataset.phase = 'refused';
  byId('status-heading').textContent = 'This page cannot start';
  byId('status-detail').textContent = reason;
}

try {
  const config = JSON.parse(byId('relay-config')?.textContent ?? 'null');
  if (!config) throw new Error('the relay served it without its configuration');
  config.socketPath = config.socketPath.replace(/\/?$/, '/');
  await loadClient(config.socketPath);
  start(config);
} catch (error) {
  giveUp(error.message);
}
