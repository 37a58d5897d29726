import { GatewayError, shuttingDown } from "../../errors.ts";
import type {
  Admission,
  Candidate,
  Closing,
  Keeper,
  Turn,
  Underway,
} from "../../generation/keeper.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { LinePlace } from "../../line/line.ts";
import type { Roster } from "../../roster.ts";
import type { StopControl, StopSignal } from "../../stop-signal.ts";
import type { RemoteKeeper } from "../remote-keeper.ts";
import type { Cancel, Clock } from "./ports.ts";

export type MemberKeeperParts = {
  readonly remote: RemoteKeeper;
  readonly clock: Pick<Clock, "later">;
  /** Whether there is a keeper to ask. */
  isAttached(): boolean;
  /** Why there is none. */
  trouble(): string | null;
  draining(): boolean;
  readonly ledger: Pick<Ledger, "open" | "waits" | "close">;
  /** The generations of this gateway, by id. */
  readonly underway: Pick<Roster<Underway>, "set" | "delete">;
};

/** A request waits so long for a gateway that keeps the queue. Milliseconds. */
const patienceMs = 5_000;
const everyMs = 50;

/**
 * Asks the keeper of the cluster for places and slots, and writes the rows here: an answer of this
 * gateway ends, and counts, whatever becomes of the keeper.
 */
export function createMemberKeeper(parts: MemberKeeperParts): Keeper {
  const soon = createSoon(parts.clock);
  return {
    async take(candidate, stop) {
      stop.signal.throwIfAborted();
      if (parts.draining()) throw shuttingDown();
      if (!parts.isAttached()) await attached(parts, stop.signal, soon);
      const { remote, clock } = parts;
      let cancel: Cancel = () => {};
      const refuse = (): void => {
        if (parts.isAttached()) cancel = clock.later(patienceMs, refuse);
        else remote.refuse(candidate.opening.id, noKeeper(parts.trouble()));
      };
      cancel = clock.later(patienceMs, refuse);
      try {
        return new RowKeeper(parts, candidate, stop, await remote.take(candidate, stop));
      } finally {
        cancel();
      }
    },
  };
}

export const noKeeper = (trouble: string | null): GatewayError => {
  // What follows the colon names addresses. It is in /health and in the log.
  const why = trouble === null ? "" : ` (${trouble.replace(/:.*/s, "")})`;
  return new GatewayError(
    "no_keeper",
    `No gateway keeps the queue at the moment${why}. Try again.`,
    {
      headers: { "retry-after": "5" },
    },
  );
};

/** Waits until there is a keeper. Rejects with `no_keeper`, or as the client leaves. */
async function attached(
  parts: MemberKeeperParts,
  signal: StopSignal,
  soon: () => Promise<void>,
): Promise<void> {
  for (let leftMs = patienceMs; !parts.isAttached(); leftMs -= everyMs) {
    if (leftMs <= 0) throw noKeeper(parts.trouble());
    await soon();
    signal.throwIfAborted();
    if (parts.draining()) throw shuttingDown();
  }
}

/** A short while, which all that wait at the same time share. */
function createSoon({ later }: Pick<Clock, "later">): () => Promise<void> {
  let next: Promise<void> | null = null;
  return () => {
    next ??= new Promise((resolve) => {
      later(everyMs, () => {
        next = null;
        resolve();
      });
    });
    return next;
  };
}

/** A generation: the keeper has its place, and this gateway writes its row. */
class RowKeeper implements Admission {
  readonly #parts: MemberKeeperParts;
  readonly #candidate: Candidate;
  readonly #admission: Admission;
  #isWaiting = false;

  constructor(
    parts: MemberKeeperParts,
    candidate: Candidate,
    stop: StopControl,
    admission: Admission,
  ) {
    this.#parts = parts;
    this.#candidate = candidate;
    this.#admission = admission;
    const { opening, identity } = candidate;
    const { id, startedAt, user } = opening;
    parts.ledger.open(opening);
    parts.underway.set(id, { user, identity, startedAt, stop });
  }

  get headers(): Readonly<Record<string, string>> {
    return this.#admission.headers;
  }

  turn(onPlace: (place: LinePlace) => void, failed?: ReadonlySet<string>): Promise<Turn> {
    return this.#admission.turn((place) => {
      // Write the row before telling the client its place.
      if (!this.#isWaiting) this.#parts.ledger.waits(this.#candidate.opening.id);
      this.#isWaiting = true;
      onPlace(place);
    }, failed);
  }

  /** The keeper is told too; the answer does not wait for it. */
  close(closing: Closing): Promise<void> {
    void this.#admission.close(closing);
    return this.#parts.ledger.close(this.#candidate.opening.id, closing.row);
  }

  end(): void {
    this.#parts.underway.delete(this.#candidate.opening.id);
    this.#admission.end();
  }
}
