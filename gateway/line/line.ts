import type { GatewayError } from "../errors.ts";
import { FairLine } from "./fair-line.ts";
import type { UserFairness } from "./fairness-log.ts";
import type { Coverage } from "./forecast/wait-ranges.ts";
import type { RouteSeats } from "./gate/seat.ts";
import type { TeamRule } from "./gate/teams.ts";
import type { OldestWaits } from "./listing.ts";
import type { FairRules } from "./order/fair-queue.ts";
import type { Full } from "./room.ts";
import type { LinePlace, ListedRequest, Slot, Ticket } from "./ticket.ts";

export type { LinePlace, ListedRequest, RouteSeats, Slot, TeamRule, Ticket };

export type LineOptions = FairRules & {
  /**
   * The number of slots. 0: the line waits for `setCapacity`. With `upstreams`, their slots count
   * instead.
   */
  capacity?: number;
  /** The most requests that may wait. Null: no limit. */
  maxQueue: number | null;
  /** Monotonic milliseconds. */
  now?: () => number;
  /** The least time between two places told to a request, in milliseconds. Default 1000. */
  placesEveryMs?: number;
  /**
   * Whether a request may start at this moment; asked at each start. Call `reconsider` when the
   * answer becomes true. Default: always.
   */
  mayStart?: () => boolean;
  /** Called when an upstream that holds one model at a time starts another model. */
  onSwap?: (upstream: string, model: string) => void;
};

/**
 * The line of one pool. It decides which request may use which upstream now, which requests wait,
 * and how long.
 */
export type Line = {
  /**
   * Whether one more request of this user has room: null if it has, else what is full, the line or
   * the user's own part of it, or the part of the user's team. Synchronous; call it before `join`.
   * `maxQueued` replaces the default.
   */
  whatIsFull(user: string, maxQueued?: number | null, team?: TeamRule): Full | null;
  /** Seconds until the line has probably moved: 1 to 60. */
  retryAfterSeconds(): number;
  /**
   * Resolves with a slot. Rejects with `signal.reason` if the client leaves, and with a
   * GatewayError (`cancelled`, `shutting_down`) if the line sends the request away. Adds no
   * listener if a slot is free.
   */
  join(ticket: Ticket): Promise<Slot>;
  /**
   * The slot of a request that already runs at this upstream of the line: it was given by another
   * keeper. The line may stand above its capacity, caps and boxes then, and nothing starts there
   * until it is below them again. Synchronous, in every state of the line. `upstream` is a name
   * in a line of one upstream too.
   * @throws Error if a request with that id is in the line, or the pool has no such upstream
   */
  adopt(ticket: Ticket, upstream: string): Slot;
  /** Seconds until a slot is expected to become free; null if unknown. */
  nextFreeSeconds(): number | null;
  view(): { waiting: number; active: number; capacity: number };
  /**
   * Rejects all waiting requests, and all new ones until `resume`, with `shutting_down`. Running
   * requests keep their slots.
   */
  drain(): void;
  /**
   * Sets the slots of an upstream of the pool, or of the only upstream. Running requests keep their
   * slots, even above the capacity.
   */
  setCapacity(capacity: number, upstream?: string): void;
  /** Call it when the answer of `usable` has changed. Requests that may start now start. */
  reconsider(): void;
  /** No request starts until `resume`. New requests wait. */
  pause(): void;
  resume(): void;
  state(): "open" | "paused" | "draining";
  /** Sends a waiting request away, with this reason. False if no request with that id waits. */
  cancel(id: string, reason?: GatewayError): boolean;
  /** The running requests, then the waiting ones in the order in which they will start. */
  list(): ListedRequest[];
  /** How long the oldest waiting request of each class has waited. */
  oldestWaits(): OldestWaits;
  /** How many of the latest waits ended within the first range that was told: 0 to 1. */
  coverage(): Coverage;
  /** How users fared in the last ten minutes. */
  fairness(): UserFairness[];
  /** The requests that run on an upstream of the pool, or on the only upstream. */
  activeAt(upstream: string): number;
  /** Calls `listener` after changes, at most once a second. Returns a function that stops it. */
  onChange(listener: () => void): () => void;
};

export function createLine(options: LineOptions): Line {
  return new FairLine(options);
}
