import type { StopSignal } from "../stop-signal.ts";
import type { WorkDone } from "./forecast/time-estimates.ts";
import type { EtaRange } from "./forecast/wait-ranges.ts";
import type { LineRequest } from "./order/line-entry.ts";

/** The place of a waiting request: 1 is next. `etaSeconds` is null until there is data. */
export type LinePlace = {
  position: number;
  of: number;
  etaSeconds: number | null;
  /** Four of five waits end within it. Absent where there is no estimate. */
  range?: EtaRange;
};

/** What a waiting request waits for. */
export type WaitsFor = "slot" | "model" | "pause" | "upstream";

/** A request that asks for a slot. */
export type Ticket = LineRequest & {
  /** Aborts when the client leaves. */
  signal: StopSignal;
  /** Called inside `join` if the request must wait, then after changes, at most once a second. */
  onPlace?: (place: LinePlace) => void;
};

/** The right to use an upstream, until `release`. */
export type Slot = {
  waitedMs: number;
  /** 0 if it did not wait. */
  firstPlace: number;
  /** The upstream where it runs. Empty in a line of one upstream. */
  readonly upstream: string;
  /** Gives the slot back, and says how it was used. A second call does nothing. */
  release(work?: WorkDone): void;
};

/** A request in the list that `GET /queue` shows. */
export type ListedRequest = {
  id: string;
  user: string;
  model: string;
  state: "waiting" | "running";
  /** 0 while running. */
  position: number;
  of: number;
  etaSeconds: number | null;
  range?: EtaRange;
  /** Waiting requests before it, and how many other people they are of. 0 while running. */
  requestsAhead: number;
  peopleAhead: number;
  /** Null while running. */
  waitsFor: WaitsFor | null;
  /** When it joined, or when it started if it runs. Milliseconds since the epoch. */
  since: number;
};
