import type { RouteSeats } from "../gate/seat.ts";
import type { TeamRule } from "../gate/teams.ts";
import type { Lane } from "./lane.ts";
import type { Session } from "./sessions.ts";

/** A request, as far as the order of the line depends on it. */
export type LineRequest = {
  id: string;
  user: string;
  model: string;
  /** The chat or session of the client. A user's sessions share the user's turns equally. */
  session?: string | undefined;
  /** Somebody watches the answer come. Undefined, as for a WebSocket, counts as true. */
  streamed?: boolean | undefined;
  /** A user of weight 2 gets twice as much time as a user of weight 1. Default 1. */
  weight?: number | undefined;
  /** An integer. A higher class goes first. Default 0; `BACKGROUND` is one below. */
  priority?: number | undefined;
  /**
   * The most requests of this user in slots at once. Null: no limit. Replaces the line's default.
   */
  maxConcurrent?: number | null | undefined;
  /** The most waiting requests of this user. Null: no limit. Replaces the line's default. */
  maxQueued?: number | null | undefined;
  /** The users with whom this one is bounded together. */
  team?: TeamRule | undefined;
  /** Milliseconds that it has waited already, at another keeper. They count for aging. */
  waitedMs?: number | undefined;
  /** Milliseconds that an adopted request has run already, if known. */
  ranMs?: number | undefined;
  /** The size of the prompt, if known. */
  inputTokens?: number | undefined;
  /** The most tokens that it may generate, if known. */
  maxTokens?: number | undefined;
  /** Where it may run. Absent: on any upstream of the line. */
  seats?: RouteSeats | undefined;
  /** The upstream that has this conversation in its cache. It is preferred if it is free. */
  prefers?: string | null | undefined;
  /** The upstreams that have already failed for it. */
  avoid?: ReadonlySet<string> | undefined;
};

/**
 * The class of requests that may wait: by the client's wish, or because the user is over a limit
 * that only slows.
 */
export const BACKGROUND = -1;

/** Priorities stay within this, above and below 0. */
const mostPriority = 1000;

/** The least that a start costs its user. So users alternate even if every answer fails at once. */
export const leastMs = 1;

/** What p-queue runs when the request gets its slot. */
export type Run = () => Promise<unknown>;

/** A request that waits or runs. Times are milliseconds of the line's own clock. */
export type LineEntry = {
  readonly request: LineRequest;
  readonly weight: number;
  readonly priority: number;
  /** The expected time in its slot, as estimated when it joined. */
  readonly estimateMs: number;
  state: "waiting" | "running" | "gone";
  /** The order of arrival. */
  seq: number;
  joinedAt: number;
  startedAt: number;
  /** The upstream where it runs. Empty in a line of one upstream. */
  upstream: string;
  /** Its start made an upstream load another model. */
  isSwap: boolean;
  /** What its user was charged at its start. It is corrected at its end. */
  chargedMs: number;
  /** The session of its user that it is of; null before it has joined. */
  session: Session | null;
  /** Its lane, and its neighbours there. Null if it does not wait. */
  lane: Lane | null;
  before: LineEntry | null;
  after: LineEntry | null;
  /** Null before p-queue has set it, and after the start. */
  run: Run | null;
};

export function createEntry(request: LineRequest, estimateMs: number): LineEntry {
  const { weight = 1, priority = 0 } = request;
  return {
    request,
    // With a weight of 0 every charge would be infinite.
    weight: weight > 0 ? weight : 1,
    // With a larger number, adding 1 may give the same double, and the request would never rise.
    priority: Math.max(-mostPriority, Math.min(mostPriority, Math.trunc(priority) || 0)),
    estimateMs: Math.max(leastMs, estimateMs),
    state: "waiting",
    seq: 0,
    joinedAt: 0,
    startedAt: 0,
    upstream: "",
    isSwap: false,
    chargedMs: 0,
    session: null,
    lane: null,
    before: null,
    after: null,
    run: null,
  };
}
