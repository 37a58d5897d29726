import type { RosterView } from "../roster.ts";
import type { Row } from "./row.ts";

/** Rows between two marks: the most that a start searches after a crash. */
const everyRows = 2000;

/**
 * Notes, now and then, below which number no row of this instance is open, so that a start after a
 * crash finds the open ones without an index of them (three pages of log for each generation).
 * @param mark - takes the lowest number of an open row; null where there is none. It may throw.
 * @param running - by id; what is closed but not written must not be marked away: see `committed`
 */
export function createOpenMark(
  mark: (number: number | null) => void,
  running: RosterView<Row>,
): {
  /** After each commit: its rows, and those that still wait for one. */
  committed(rows: number, waiting: number): void;
} {
  let written = 0;
  return {
    committed(rows, waiting) {
      written += rows;
      if (written < everyRows || waiting > 0) return;
      let lowest: number | null = null;
      for (const { stored, number } of running.values()) {
        if (stored && (lowest === null || number < lowest)) lowest = number;
      }
      try {
        mark(lowest);
        written = 0;
      } catch {
        // Another process has the lock. The next commit tries again.
      }
    },
  };
}
