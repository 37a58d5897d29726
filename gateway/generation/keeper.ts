import type { Identity } from "../auth/identity.ts";
import type { GatewayError } from "../errors.ts";
import type { RowClosing, RowOpening } from "../ledger/ledger.ts";
import type { LimitedGeneration } from "../limits/limits.ts";
import type { Used } from "../limits/reservation.ts";
import type { LinePlace, Slot } from "../line/line.ts";
import type { LineRequest } from "../line/order/line-entry.ts";
import type { StopControl } from "../stop-signal.ts";

/**
 * What the keeper must know of a generation. It is plain data, so the keeper can be another process.
 * `opening.upstream` says which line the generation waits in.
 */
export type Candidate = {
  readonly opening: RowOpening;
  readonly identity: Identity;
  readonly limited: LimitedGeneration;
  readonly wish: LineWish;
};

/** What the line must know of a generation, beside its user. */
export type LineWish = Pick<
  LineRequest,
  "session" | "streamed" | "inputTokens" | "maxTokens" | "seats"
> & {
  /** The client's own wish for a priority (`x-priority`); null: it has none. */
  readonly priority: string | null;
  /** The conversation it continues, if there are several upstreams to choose from. */
  readonly conversation: string | null;
};

/** A generation between its acceptance and its end. */
export type Underway = {
  readonly user: string;
  readonly identity: Identity;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly stop: StopControl;
};

/** What a generation has used in its slot. */
export type Work = NonNullable<Parameters<Slot["release"]>[0]>;

/** A slot that the keeper gave to a generation. */
export type Turn = Pick<Slot, "waitedMs" | "firstPlace" | "upstream"> & {
  /**
   * Called immediately before a request is sent to the upstream. Throws a GatewayError if the slot
   * may not be used any more; then nothing is sent. Absent: it always may.
   */
  readonly check?: (() => void) | undefined;
  /**
   * Gives the slot back, and says what came of it; `error` is null if the upstream has answered. A
   * second call does nothing.
   */
  end(error: GatewayError | null, work: Work): void;
};

/** How the accounts of a generation are closed. */
export type Closing = {
  readonly row: RowClosing;
  /** What the user's limits are charged; null: it could not be computed. */
  readonly charge: Used | null;
  /** The upstream that has the conversation in its cache now; null: none has. */
  readonly cachedAt: string | null;
};

/** A generation that the keeper has accepted: it has a row, a part of its user's limits, a place. */
export type Admission = {
  /** For the answer: how the user's limits stand. */
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Waits for a slot. The first call waits for the place that was taken with the acceptance; a later
   * one joins the line again, after the upstreams in `failed`. Rejects if the request leaves the
   * line without a slot.
   * @param onPlace - told the place on the way, first when the row of the request is on its way to
   * the disk
   */
  turn(onPlace: (place: LinePlace) => void, failed?: ReadonlySet<string>): Promise<Turn>;
  /**
   * Closes reservation and row. Resolves when the row is committed, or waits in the spool while the
   * database takes nothing. Never rejects.
   */
  close(closing: Closing): Promise<void>;
  /** The generation is over, whatever came of it. What is still held is given back. */
  end(): void;
};

/**
 * Keeps the lines, the limits and the accounts, for one process or for several. There is one keeper:
 * two would both give away the last place.
 */
export type Keeper = {
  /**
   * Takes room in the user's limits, a place in the line, and opens the row: all of it or nothing,
   * and nothing comes between. `stop` aborts when the client leaves.
   * @throws GatewayError 429 or 503 if there is no room (or the promise rejects with it)
   */
  take(candidate: Candidate, stop: StopControl): Admission | Promise<Admission>;
};

/** What is known of a generation that another keeper accepted. Milliseconds. */
export type KnownPast = {
  /** In line. */
  readonly waitedMs?: number | undefined;
  /** In its slot. */
  readonly ranMs?: number | undefined;
  /** Its first place in line. */
  readonly firstPlace?: number | undefined;
};

/** A keeper that can take over the generations of another one. */
export type AdoptingKeeper = Keeper & {
  /**
   * Takes over a generation that another keeper accepted: it has a row and its client knows of it.
   * No limit and no full queue refuses it. Await what `limits.recall` gives for its user before.
   * @param at - the upstream where it runs: it holds a slot there at once, and its first `turn`
   * gives that. Null: it waits, behind what has joined before
   * @throws Error if no line has the upstream, or it is in line already
   */
  adopt(candidate: Candidate, stop: StopControl, at: string | null, past?: KnownPast): Admission;
};
