import { readFileSync } from 'node:fs';
import { UsageError } from './options.mjs';

const SPARE = 200; // what a process opens besides clients' connections

/** Throws a UsageError when a process may not open so many connections. Node has raised its own limit to the hard one. */
export function checkFileLimit(connections) {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity); // "unlimited" is no number
  const needed = Math.ceil(connections) + SPARE;
  if (limit >= needed) return;
  throw new UsageError(
    `the limit on open files is ${limit}, and one process needs ${needed}: ` +
      `raise it (ulimit -n ${needed}), or take fewer clients (--clients)`,
  );
}
