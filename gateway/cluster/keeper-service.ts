import { GatewayError } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import type { Admission, Candidate, Closing, Keeper, Turn, Work } from "../generation/keeper.ts";
import { interruptedRow } from "../ledger/row.ts";
import { Roster } from "../roster.ts";
import type { Link } from "./link.ts";
import type { FromKeeper, ToKeeper } from "./messages.ts";
import { asGatewayError, fromWire, toWire, type WireError } from "./wire-error.ts";

/** The keeper's side of one link. */
export type KeeperService = {
  asked(message: ToKeeper): void;
  /**
   * The process at the other end is gone. What its generations held is free at once, and their rows
   * are closed as interrupted. Resolves when they are committed.
   */
  lost(): Promise<void>;
};

/** Answers one process that has generations, and holds for it what they were given. */
export function createKeeperService(
  keeper: Keeper,
  link: Pick<Link<FromKeeper>, "send">,
): KeeperService {
  const held = new Roster<HeldGeneration>();
  return {
    asked(message) {
      const [what, id] = message;
      if (what === "take") {
        const generation = new HeldGeneration(id, link, () => held.delete(id));
        held.set(id, generation);
        generation.take(keeper, message[2]);
        return;
      }
      const generation = held.get(id);
      if (generation === undefined) return;
      if (what === "turn") generation.join(new Set(message[2]));
      else if (what === "leave") generation.leave();
      else if (what === "left") generation.left();
      else if (what === "free") generation.free(message[2], message[3]);
      else if (what === "close") generation.close(message[2]);
      else generation.end();
    },
    async lost() {
      await Promise.all([...held.values()].map((generation) => generation.lost()));
    },
  };
}

/** What the process of a generation would say if it could. */
const processGone = (): GatewayError =>
  new GatewayError("cancelled", "The process of this request has ended.");

/** A generation of another process, between its acceptance and its end. */
class HeldGeneration {
  readonly #id: string;
  readonly #link: Pick<Link<FromKeeper>, "send">;
  readonly #forget: () => void;
  readonly #ends = new AbortController();
  /** What the gateway stops it by. It needs no listener, which would cost each generation. */
  readonly #stop = {
    signal: this.#ends.signal,
    abort: (reason: unknown): void => {
      if (this.#ends.signal.aborted) return;
      this.#ends.abort(reason);
      this.#tell(["stop", this.#id, toWire(asGatewayError(reason))]);
    },
  };
  #admission: Admission | null = null;
  #turn: Turn | null = null;
  #startedAt = 0;
  /** The process wants no further slot. */
  #hasLeft = false;
  /** The process is gone: nobody is told anything. */
  #isLost = false;

  constructor(id: string, link: Pick<Link<FromKeeper>, "send">, forget: () => void) {
    this.#id = id;
    this.#link = link;
    this.#forget = forget;
  }

  take(keeper: Keeper, candidate: Candidate): void {
    try {
      const asked = keeper.take(candidate, this.#stop);
      if (asked instanceof Promise) asked.then(this.#accepted, this.#refused);
      else this.#accepted(asked);
    } catch (cause) {
      this.#refused(cause);
    }
  }

  join(failed: ReadonlySet<string> | undefined): void {
    const admission = this.#admission;
    if (admission === null || this.#hasLeft) return;
    admission
      .turn((place) => this.#tell(["place", this.#id, place]), failed)
      .then(
        (turn) => this.#given(turn),
        (cause) => this.#tell(["away", this.#id, toWire(asGatewayError(cause))]),
      );
  }

  /** Its client has left. Metrics show how long it holds its slot from now on. */
  left(): void {
    this.#hasLeft = true;
    if (!this.#ends.signal.aborted) this.#ends.abort(new ClientLeft());
  }

  /** It waits no longer. */
  leave(): void {
    this.left();
    // It was on its way when the process left, and is used by nobody.
    this.#turn?.end(processGone(), {});
    this.#turn = null;
  }

  free(error: WireError | null, work: Work): void {
    this.#turn?.end(error === null ? null : fromWire(error), work);
    this.#turn = null;
  }

  close(closing: Closing): void {
    void this.#closeWith(closing);
  }

  end(): void {
    this.leave();
    void this.#closeWith(null);
  }

  async lost(): Promise<void> {
    this.#isLost = true;
    const upstreamMs = this.#turn === null ? null : performance.now() - this.#startedAt;
    this.leave();
    const charge = { input: null, output: null, upstreamMs, ran: upstreamMs !== null };
    await this.#closeWith({ row: { ...interruptedRow, upstreamMs }, charge, cachedAt: null });
  }

  async #closeWith(closing: Closing | null): Promise<void> {
    const admission = this.#admission;
    this.#admission = null;
    this.#forget();
    if (admission === null) return;
    const row = interruptedRow;
    await admission.close(closing ?? { row, charge: null, cachedAt: null });
    admission.end();
    this.#tell(["closed", this.#id]);
  }

  readonly #accepted = (admission: Admission): void => {
    this.#admission = admission;
    if (this.#isLost) {
      void this.lost();
      return;
    }
    this.#tell(["taken", this.#id, admission.headers]);
    this.join(undefined);
  };

  readonly #refused = (cause: unknown): void => {
    this.#forget();
    this.#tell(["refused", this.#id, toWire(asGatewayError(cause))]);
  };

  #given(turn: Turn): void {
    if (this.#hasLeft) {
      turn.end(processGone(), {});
      return;
    }
    this.#turn = turn;
    this.#startedAt = performance.now();
    const { upstream, waitedMs, firstPlace } = turn;
    this.#tell(["slot", this.#id, { upstream, waitedMs, firstPlace }]);
  }

  #tell(message: FromKeeper): void {
    if (!this.#isLost) this.#link.send(message);
  }
}
