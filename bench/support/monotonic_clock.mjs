// performance.now() is the system's monotonic clock, counted from a moment of this process: found once, it is cheap.
const processStart = Number(process.hrtime.bigint()) / 1e3 - performance.now() * 1e3;

/** Microseconds of the system's monotonic clock: the same in every process of this machine. */
export const monotonicMicroseconds = () => processStart + performance.now() * 1e3;
