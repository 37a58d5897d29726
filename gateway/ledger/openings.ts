import type { Row } from "./row.ts";

/** Openings that may still become whole rows before they are written. */
export type Openings = {
  /** Passes the row on after the delay, unless it was closed or written before. */
  hold(row: Row): void;
  /** Passes on all it holds, now. */
  flush(): void;
};

/** Rows due within this time go with the first of them. Milliseconds. */
const slack = 1;

/**
 * Holds openings for `delayMs`: a generation that ends within it is one insert instead of an insert
 * and an update, in two transactions. One timer for all; the rows are in order of age.
 */
export function createOpenings(write: (row: Row) => void, delayMs: number): Openings {
  let held: { row: Row; due: number }[] = [];
  let isArmed = false;

  function pass(row: Row): void {
    if (row.closing === null && !row.stored) write(row);
  }

  function passDue(): void {
    isArmed = false;
    const now = performance.now();
    let done = 0;
    for (const { row, due } of held) {
      if (due - now > slack && row.closing === null) break;
      pass(row);
      done += 1;
    }
    if (done > 0) held = held.slice(done);
    const next = held[0];
    if (next !== undefined) arm(Math.max(slack, next.due - now));
  }

  function arm(ms: number): void {
    if (isArmed) return;
    isArmed = true;
    setTimeout(passDue, ms);
  }

  return {
    hold(row) {
      held.push({ row, due: performance.now() + delayMs });
      arm(delayMs);
    },
    flush() {
      for (const { row } of held) pass(row);
      held = [];
    },
  };
}
