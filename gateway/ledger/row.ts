import type { DialectName } from "../dialects/all.ts";
import type { Usage } from "../dialects/usage.ts";

/** What is known of a generation when it is accepted. */
export type RowOpening = {
  /** The exchange's own id, the row's primary key. */
  id: string;
  requestId: string;
  user: string;
  /** The id of the key that was used; absent or "" where there was none. */
  key?: string;
  model: string | null;
  upstream: string;
  dialect: DialectName;
  path: string;
  streamed: boolean;
  /** Milliseconds since the epoch; its UTC day is the day the generation counts for. */
  startedAt: number;
};

/** How a row ended; inside the database there is also `open`. */
export type RowState = "done" | "failed" | "cancelled" | "interrupted";

/** What is known of a generation when it has ended. Times in milliseconds; unknown is null. */
export type RowClosing = {
  state: RowState;
  /** Null if it was interrupted: nobody knows how it would have ended. */
  status: number | null;
  errorCode: string | null;
  queueMs: number | null;
  firstTokenMs: number | null;
  upstreamMs: number | null;
  durationMs: number | null;
  usage: Usage;
  upstreamId: string | null;
  /** US dollars; unknown where null or absent. */
  cost?: number | null;
  /** The upstream that served in the end, where that is not the one it was opened with. */
  servedBy?: string;
  /** The model that served in the end, where its name is not the one in the request. */
  servedModel?: string | null;
};

/** The closing of a generation whose process has died, as a start closes those of a dead gateway. */
export const interruptedRow: RowClosing = Object.freeze({
  state: "interrupted",
  status: null,
  errorCode: null,
  queueMs: null,
  firstTokenMs: null,
  upstreamMs: null,
  durationMs: null,
  usage: { input: null, output: null, cached: null, reasoning: null, source: null },
  upstreamId: null,
  cost: null,
});

/** One generation on its way to the database. */
export type Row = {
  readonly opening: RowOpening;
  closing: RowClosing | null;
  /** True while the row waits for a commit. */
  queued: boolean;
  /** True if the opening is committed. */
  stored: boolean;
  /** The row's number in the database; 0 before it is stored. */
  number: number;
};

/** No count or time is so large; bounded so that the sums over 10^8 such rows stay integers. */
const largest = 1e10;

/**
 * A count or a time as the database takes it: a whole number from 0 to 10^10. Anything else an
 * upstream may claim (NaN, negative, absurd) is unknown, so that it cannot cost us the row.
 */
export function whole(value: number | null): number | null {
  if (value === null || !(value >= 0 && value <= largest)) return null;
  return Math.round(value);
}

/** US dollars. No generation costs so much; the sums of 10^5 such rows are still exact. */
const dearest = 10_000;

/** US dollars as whole nano-dollars; what is negative, absurd or no number is unknown. */
export function nanoDollars(cost: number | null | undefined): number | null {
  if (cost == null || !(cost >= 0 && cost <= dearest)) return null;
  return Math.round(cost * 1e9);
}

/** Clients choose these texts (model, path); the row needs no more of them than this. */
const longest = 256;

export function bounded(text: string): string {
  return text.length > longest ? text.slice(0, longest) : text;
}
