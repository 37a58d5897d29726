import { uptime } from "node:os";
import type { Clock } from "./ports.ts";

/** Reads the system's own figure again after this time. Milliseconds. */
const rereadMs = 1_000;
/** Time of day and monotonic time differ by so much more than before: the machine may have slept. */
const slackMs = 5;

/**
 * The clock of this machine. `now` stands still while the machine sleeps, `boot` does not; `boot` is
 * right to about ten milliseconds. What is planned for later does not keep the process alive.
 */
export function createRealClock(): Clock {
  return {
    now: () => performance.now(),
    boot: createBootTime({
      now: () => performance.now(),
      day: () => Date.now(),
      uptime: () => uptime() * 1_000,
    }),
    later(ms, act) {
      const timer = setTimeout(act, ms).unref();
      return () => clearTimeout(timer);
    },
  };
}

type Times = { now(): number; day(): number; uptime(): number };

/**
 * Milliseconds since the machine was switched on. To read them costs a file (some 50 µs), so they
 * are counted on from the last reading. Linux adds a sleep to the time of day and to this time at
 * one moment: while the time of day keeps step with the monotonic time, there was no sleep.
 */
export function createBootTime({ now, day, uptime: read }: Times): () => number {
  let readAt = Number.NEGATIVE_INFINITY;
  let value = 0;
  let apart = 0;
  return () => {
    const at = now();
    const isApart = Math.abs(day() - at - apart) > slackMs;
    if (isApart || at - readAt > rereadMs) {
      readAt = at;
      value = read();
      apart = day() - at;
    }
    return value + (at - readAt);
  };
}
