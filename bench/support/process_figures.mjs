// What the system says of a process, and of the whole machine.

import { readFileSync } from 'node:fs';

const CLOCK_TICKS_PER_SECOND = 100; // what /proc counts in, on every Linux

/** User and system time so far, of all threads of a process. */
export function cpuSecondsOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

/** Resident memory now, and the most there ever was. */
export function memoryOf(pid) {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]) * 1024;
  return { rssBytes: bytes('VmRSS'), rssPeakBytes: bytes('VmHWM') };
}

/** For how long the processors had nothing to do so far, all of them together. */
export function idleSeconds() {
  const [, , , idle, waiting] = /^cpu +(\d+) (\d+) (\d+) (\d+) (\d+)/
    .exec(readFileSync('/proc/stat', 'latin1'))
    .slice(1);
  return (Number(idle) + Number(waiting)) / CLOCK_TICKS_PER_SECOND;
}
