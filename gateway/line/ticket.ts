import type { WorkDone } from "./forecast/time-estimates.ts";
import type { LineRequest } from "./order/line-entry.ts";

/** Where a request stands: 1 is next. `etaSeconds` is null until there is data. */
export type LinePlace = { position: number; of: number; etaSeconds: number | null };

/** A request for a slot. */
export type Ticket = LineRequest & {
  /** The client's leaving. */
  signal: AbortSignal;
  /** Called inside `join` when it must wait, then on change, at most once a second. */
  onPlace?: (place: LinePlace) => void;
};

/** The right to use the upstream, until it is released. */
export type Slot = {
  waitedMs: number;
  /** 0 for one that did not wait. */
  firstPlace: number;
  /** Where it runs; empty in a line of one upstream. */
  readonly upstream: string;
  /** Gives the slot back, and tells what was done with it; a second call does nothing. */
  release(work?: WorkDone): void;
};

/** One line of what `GET /queue` shows. */
export type ListedRequest = {
  id: string;
  user: string;
  model: string;
  state: "waiting" | "running";
  /** 0 while running. */
  position: number;
  of: number;
  etaSeconds: number | null;
  /** When it joined, or started: milliseconds since the epoch. */
  since: number;
};
