// Child processes that never outlive the test file.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { within } from './record.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..');
export const RELAY_BIN = process.env.RELAY_BIN ?? path.join(root, 'build/release/socket-relay');
export const ECHO_BIN = process.env.ECHO_BIN ?? path.join(root, 'build/release/examples/echo_server');

const running = new Set();
const folders = [];
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

export function temporaryFolder() {
  const folder = mkdtempSync(path.join(tmpdir(), 'relay-e2e-'));
  folders.push(folder);
  return folder;
}

/** Of our environment only what a process needs to run at all: settings come from the test alone. */
function environment(settings) {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'ASAN_OPTIONS', 'UBSAN_OPTIONS', 'TSAN_OPTIONS', 'LLVM_PROFILE_FILE'];
  const base = Object.fromEntries(kept.filter((name) => name in process.env).map((name) => [name, process.env[name]]));
  const given = Object.entries(settings).filter(([, value]) => value !== undefined && value !== null);
  return { ...base, ...Object.fromEntries(given.map(([name, value]) => [name, String(value)])) };
}

/**
 * Starts a program. `exited` resolves with {code, signal} when it has ended and its output was read; `output` is
 * called with ('stdout' | 'stderr', text).
 */
export function launch(program, args, { settings = {}, folder = temporaryFolder(), output = () => {} } = {}) {
  const child = spawn(program, args, { cwd: folder, env: environment(settings), stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  for (const stream of ['stdout', 'stderr']) {
    child[stream].setEncoding('utf8');
    child[stream].on('data', (text) => output(stream, text));
  }
  const exited = new Promise((resolve) => {
    child.once('error', (error) => {
      running.delete(child);
      resolve({ code: null, signal: null, error });
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code, signal });
    });
  });
  return { child, exited };
}

/** Runs a program to its end. */
export async function run(program, args, { settings, folder, deadlineMs = 15_000 } = {}) {
  const text = { stdout: '', stderr: '' };
  const { child, exited } = launch(program, args, {
    settings,
    folder,
    output: (stream, piece) => {
      text[stream] += piece;
    },
  });
  const what = () => `the end of ${path.basename(program)} ${args.join(' ')} (stderr: ${text.stderr.slice(-300)})`;
  const result = await within(exited, what, deadlineMs).catch((error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return { ...result, ...text };
}

/** A port that was free a moment ago; for programs that cannot pick one themselves. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Whether anything accepts connections on the port. */
export function isListening(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
