import { FairLine } from "./fair-line.ts";
import type { RouteSeats } from "./gate/seat.ts";
import type { FairRules } from "./order/fair-queue.ts";
import type { Full } from "./room.ts";
import type { LinePlace, ListedRequest, Slot, Ticket } from "./ticket.ts";

export type { LinePlace, ListedRequest, RouteSeats, Slot, Ticket };

export type LineOptions = FairRules & {
  /**
   * Slots; 0 is a line that waits for `setCapacity`. With `upstreams`, theirs count, and not this.
   */
  capacity?: number;
  /** How many may wait; null is off. */
  maxQueue: number | null;
  /** Monotonic milliseconds. */
  now?: () => number;
  /** How often a place is told at most, in milliseconds. Default 1000. */
  placesEveryMs?: number;
  /** Called when exclusive models change: another starts than the last one that started there. */
  onSwap?: (upstream: string) => void;
};

/** The line of one pool: who may use which upstream now, who waits, and how long. */
export type Line = {
  /**
   * Is there room for one more of this user? Null where there is, else what is full: the line
   * itself, or the user's own part of it. Synchronous, before `join`; `maxQueued` replaces the
   * default.
   */
  whatIsFull(user: string, maxQueued?: number | null): Full | null;
  /** Seconds until the line will have moved: 1 to 60. */
  retryAfterSeconds(): number;
  /**
   * Resolves with a slot. Rejects with `signal.reason` when the client leaves, and with a
   * GatewayError (`cancelled`, `shutting_down`) when it is sent away. Costs no listener where a
   * slot is free.
   */
  join(ticket: Ticket): Promise<Slot>;
  view(): { waiting: number; active: number; capacity: number };
  /**
   * The waiting are rejected with `shutting_down`, and all who come until `resume`; slots held stay
   * held.
   */
  drain(): void;
  /** Of an upstream of the pool, or of the one there is. Slots held stay held, also above it. */
  setCapacity(capacity: number, upstream?: string): void;
  /** What `usable` says has changed: whoever may start now starts. */
  reconsider(): void;
  /** Nobody starts until `resume`; who comes waits. */
  pause(): void;
  resume(): void;
  state(): "open" | "paused" | "draining";
  /** Sends one who waits away; false where nobody of that id waits. */
  cancel(id: string): boolean;
  /** Those in slots, then those in line, in the order they will start. */
  list(): ListedRequest[];
  /** Called after changes, at most once a second. Returns what ends it. */
  onChange(listener: () => void): () => void;
};

export function createLine(options: LineOptions): Line {
  return new FairLine(options);
}
