import type { RouteSeats } from "../gate/seat.ts";
import type { Lane } from "./lane.ts";

/** What the order of the line depends on. */
export type LineRequest = {
  id: string;
  user: string;
  model: string;
  /** A user of weight 2 gets twice the upstream's time of one of weight 1. Default 1. */
  weight?: number | undefined;
  /** An integer; a higher class goes first. Default 0; `BACKGROUND` is one below. */
  priority?: number | undefined;
  /** Of this user, at once in slots; null is off. Replaces the line's default. */
  maxConcurrent?: number | null | undefined;
  /** Of this user, waiting; null is off. Replaces the line's default. */
  maxQueued?: number | null | undefined;
  /** The size of the prompt, where known. */
  inputTokens?: number | undefined;
  /** The most it may generate, where known. */
  maxTokens?: number | undefined;
  /** Where it may run; absent: on any upstream of the line. */
  seats?: RouteSeats | undefined;
  /** The upstream that has this conversation warm: taken where it is as free as others. */
  prefers?: string | null | undefined;
  /** Upstreams that have failed for it already. */
  avoid?: ReadonlySet<string> | undefined;
};

/**
 * The class of what may wait: a request's own wish, or a user who is over a limit that only slows.
 */
export const BACKGROUND = -1;

/** Priorities are held within this, either way. */
const mostPriority = 1000;

/**
 * The least a start costs its user, so that turns alternate even where every answer fails at once.
 */
export const leastMs = 1;

/** What p-queue does once it is its turn. */
export type Run = () => Promise<unknown>;

/** A request in line, or in a slot. Times are milliseconds of the line's own clock. */
export type LineEntry = {
  readonly request: LineRequest;
  readonly weight: number;
  readonly priority: number;
  /** How long it was expected to hold its slot, when it came. */
  readonly estimateMs: number;
  state: "waiting" | "running" | "gone";
  /** The order of arrival. */
  seq: number;
  joinedAt: number;
  startedAt: number;
  /** Where it runs; empty in a line of one upstream. */
  upstream: string;
  /** Another model had to give way for it. */
  isSwap: boolean;
  /** What its user was charged when it started; corrected when it ends. */
  chargedMs: number;
  /** Where it waits; its neighbours there. */
  lane: Lane | null;
  before: LineEntry | null;
  after: LineEntry | null;
  /** Null before it is known, and once it runs. */
  run: Run | null;
};

export function createEntry(request: LineRequest, estimateMs: number): LineEntry {
  const { weight = 1, priority = 0 } = request;
  return {
    request,
    // A weight of 0 would never be charged anything finite again.
    weight: weight > 0 ? weight : 1,
    // Beyond, a class one higher may be no other number, and nobody in it would ever rise.
    priority: Math.max(-mostPriority, Math.min(mostPriority, Math.trunc(priority) || 0)),
    estimateMs: Math.max(leastMs, estimateMs),
    state: "waiting",
    seq: 0,
    joinedAt: 0,
    startedAt: 0,
    upstream: "",
    isSwap: false,
    chargedMs: 0,
    lane: null,
    before: null,
    after: null,
    run: null,
  };
}
