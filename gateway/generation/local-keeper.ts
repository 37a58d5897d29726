import type { Identity } from "../auth/identity.ts";
import { GatewayError, shuttingDown } from "../errors.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Limits } from "../limits/limits.ts";
import type { Reservation } from "../limits/reservation.ts";
import type { Line, LinePlace, Slot, Ticket } from "../line/line.ts";
import type { Roster } from "../roster.ts";
import type { StopControl } from "../stop-signal.ts";
import type { Telemetry } from "../telemetry/events.ts";
import type {
  Admission,
  AdoptingKeeper,
  Candidate,
  Closing,
  KnownPast,
  Turn,
  Underway,
  Work,
} from "./keeper.ts";
import { teamOf, ticketOf } from "./ticket-of.ts";

export type LocalKeeperParts = {
  draining(): boolean;
  /** The line that this upstream is behind. */
  lineAt(upstream: string): Line;
  limits: Pick<Limits, "recall" | "reserve" | "adopt">;
  ledger: Pick<Ledger, "open" | "waits" | "close">;
  affinity: {
    /** The upstream that served a conversation last: its prompt is still in memory there. */
    preferred(conversation: string): string | null;
    remember(conversation: string, upstream: string): void;
  };
  /** Learns from what is sent to the upstreams how they are. */
  health: {
    began(upstream: string): void;
    /** `error` is null if the upstream answered. */
    ended(upstream: string, error: GatewayError | null, user: string): void;
  };
  /** The generations under way, by id, so that one can be stopped from outside. */
  underway: Pick<Roster<Underway>, "get" | "set" | "delete">;
  telemetry: Pick<Telemetry, "tookTurn" | "waited" | "internalError">;
};

/**
 * The keeper of this process's own lines, limits and ledger. `take` is synchronous, unless the ledger
 * must be asked first what the user has used.
 */
export function createLocalKeeper(parts: LocalKeeperParts): AdoptingKeeper {
  return {
    take(candidate, stop) {
      const recalled = parts.limits.recall(candidate.identity, Date.now());
      if (recalled === null) return admit(parts, candidate, stop);
      return recalled.then(() => admit(parts, candidate, stop));
    },
    adopt: (candidate, stop, at, past = {}) => adopt(parts, candidate, stop, { at, past }),
  };
}

function admit(parts: LocalKeeperParts, candidate: Candidate, stop: StopControl): Admission {
  const { opening, identity, limited } = candidate;
  stop.signal.throwIfAborted();
  const line = parts.lineAt(opening.upstream);
  if (parts.draining() || line.state() === "draining") throw shuttingDown();
  // Before the limits: a request that the queue has no room for is not counted.
  refuseIfFull(line, identity);
  const reservation = parts.limits.reserve(identity, limited, Date.now());
  parts.ledger.open(opening);
  noteUnderway(parts, candidate, stop);
  return new LocalAdmission(parts, line, candidate, { reservation, stop });
}

function noteUnderway(
  { underway }: LocalKeeperParts,
  { opening, identity }: Candidate,
  stop: StopControl,
): void {
  const { id, startedAt } = opening;
  underway.set(id, { user: identity.user, identity, startedAt, stop });
}

/** Its row was opened by the gateway that serves it. */
function adopt(
  parts: LocalKeeperParts,
  candidate: Candidate,
  stop: StopControl,
  adopted: Adopted,
): Admission {
  const { opening, identity, limited } = candidate;
  const line = parts.lineAt(opening.upstream);
  const reservation = parts.limits.adopt(identity, limited, Date.now());
  try {
    const admission = new LocalAdmission(parts, line, candidate, { reservation, stop, adopted });
    noteUnderway(parts, candidate, stop);
    return admission;
  } catch (error) {
    reservation.settle({ input: null, output: null, upstreamMs: null }, Date.now());
    throw error;
  }
}

/** Where a generation of another keeper runs; null: it waits. */
type Adopted = { readonly at: string | null; readonly past: KnownPast };

type AdmissionGiven = {
  readonly reservation: Reservation;
  readonly stop: StopControl;
  readonly adopted?: Adopted;
};

const fullMessages = {
  line: "The queue is full. Try again when it is shorter.",
  user: "You have too many waiting requests. Try again when one of them has ended.",
  team: "The people behind this key have too many waiting requests. Try again a little later.",
};

function refuseIfFull(line: Line, identity: Identity): void {
  const { user, maxQueued } = identity;
  const full = line.whatIsFull(user, maxQueued ?? undefined, teamOf(identity));
  if (full === null) return;
  throw new GatewayError("queue_full", fullMessages[full], {
    headers: { "retry-after": String(line.retryAfterSeconds()) },
  });
}

class LocalAdmission implements Admission {
  readonly #parts: LocalKeeperParts;
  readonly #line: Line;
  readonly #candidate: Candidate;
  readonly #stop: StopControl;
  readonly #reservation: Reservation;
  /** The turn that was joined for with the acceptance, until it is asked for. */
  #first: Promise<Turn> | null;
  /** The place told before anybody listened. */
  #untold: LinePlace | null = null;
  #onPlace: ((place: LinePlace) => void) | null = null;
  #firstEta: number | null = null;
  /** Its row is written, or on its way. */
  #isOnDisk: boolean;

  constructor(
    parts: LocalKeeperParts,
    line: Line,
    candidate: Candidate,
    { reservation, stop, adopted }: AdmissionGiven,
  ) {
    this.#parts = parts;
    this.#line = line;
    this.#candidate = candidate;
    this.#stop = stop;
    this.#reservation = reservation;
    this.#isOnDisk = adopted !== undefined;
    this.#first =
      adopted === undefined || adopted.at === null
        ? this.#join(undefined, adopted?.past.waitedMs)
        : Promise.resolve(this.#adopt(adopted.at, adopted.past));
    // Nobody may ask for it, if the client leaves at once.
    this.#first.catch(() => {});
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#reservation.headers;
  }

  turn(onPlace: (place: LinePlace) => void, failed?: ReadonlySet<string>): Promise<Turn> {
    const first = this.#first;
    this.#first = null;
    this.#onPlace = onPlace;
    if (first === null) return this.#join(failed);
    try {
      if (this.#untold !== null) onPlace(this.#untold);
    } catch (cause) {
      this.#leave(first);
      return Promise.reject(cause);
    }
    this.#untold = null;
    return first;
  }

  close({ row, charge, cachedAt }: Closing): Promise<void> {
    const { ledger, affinity, telemetry } = this.#parts;
    const { opening, wish } = this.#candidate;
    try {
      if (charge !== null) this.#reservation.settle(charge, Date.now());
    } catch (cause) {
      // A fault in the limits must not keep the row open, nor the client waiting.
      telemetry.internalError(opening, cause);
    }
    const { conversation } = wish;
    if (conversation !== null && cachedAt !== null) affinity.remember(conversation, cachedAt);
    return ledger.close(opening.id, row);
  }

  end(): void {
    // One that was taken over anew has its id.
    const { underway } = this.#parts;
    const { id } = this.#candidate.opening;
    if (underway.get(id)?.stop === this.#stop) underway.delete(id);
    if (this.#first !== null) this.#leave(this.#first);
    this.#first = null;
  }

  /** Nobody will use the slot of this turn. */
  #leave(turn: Promise<Turn>): void {
    this.#line.cancel(this.#candidate.opening.id);
    const unused = new GatewayError("cancelled", "The request ended before it was sent.");
    turn.then(
      ({ end }) => end(unused, {}),
      () => {},
    );
  }

  #ticket(failed: ReadonlySet<string> | undefined): Ticket {
    const { affinity } = this.#parts;
    const { conversation } = this.#candidate.wish;
    return ticketOf(this.#candidate, {
      isBackground: this.#reservation.background,
      prefers: conversation === null ? null : affinity.preferred(conversation),
      avoid: failed,
      signal: this.#stop.signal,
      onPlace: (place) => this.#place(place),
    });
  }

  /** The slot that another keeper gave. Its turn was counted there. */
  #adopt(at: string, { waitedMs = 0, ranMs, firstPlace = 0 }: KnownPast): Turn {
    const slot = this.#line.adopt({ ...this.#ticket(undefined), waitedMs, ranMs }, at);
    this.#parts.health.began(at);
    return this.#turnIn({ ...slot, firstPlace });
  }

  #join(failed: ReadonlySet<string> | undefined, waitedBefore?: number): Promise<Turn> {
    const ticket = this.#ticket(failed);
    if (waitedBefore !== undefined) ticket.waitedMs = waitedBefore;
    return this.#line.join(ticket).then((slot) => this.#began(slot, ticket));
  }

  #began(slot: Slot, { priority = 0, waitedMs: before = 0 }: Ticket): Turn {
    const { health, telemetry } = this.#parts;
    const { waitedMs, firstPlace, upstream } = slot;
    // At once: an upstream on trial gets one request, and the next slot may be given in this turn.
    health.began(upstream || this.#candidate.opening.upstream);
    telemetry.tookTurn({ priority, waitedMs, firstPlace });
    if (this.#firstEta !== null) telemetry.waited(this.#firstEta, (waitedMs - before) / 1000);
    this.#firstEta = null;
    return this.#turnIn(slot);
  }

  #place(place: LinePlace): void {
    // Write the row before telling the client its place.
    if (!this.#isOnDisk) this.#parts.ledger.waits(this.#candidate.opening.id);
    this.#isOnDisk = true;
    this.#firstEta ??= place.etaSeconds;
    if (this.#onPlace === null) this.#untold = place;
    else this.#onPlace(place);
  }

  #turnIn(slot: Slot): Turn {
    const { waitedMs, firstPlace } = slot;
    // A line of one upstream does not name it.
    const upstream = slot.upstream || this.#candidate.opening.upstream;
    let isHeld = true;
    return {
      ...{ waitedMs, firstPlace, upstream },
      end: (error: GatewayError | null, work: Work): void => {
        if (!isHeld) return;
        isHeld = false;
        this.#parts.health.ended(upstream, error, this.#candidate.identity.user);
        slot.release(work);
      },
    };
  }
}
