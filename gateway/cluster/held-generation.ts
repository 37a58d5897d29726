import { GatewayError } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import type {
  Admission,
  AdoptingKeeper,
  Candidate,
  Closing,
  Keeper,
  KnownPast,
  Turn,
  Work,
} from "../generation/keeper.ts";
import { interruptedRow } from "../ledger/row.ts";
import type { Link } from "./link.ts";
import type { Claim, FromKeeper, Order } from "./messages.ts";
import { asGatewayError, fromWire, toWire, type WireError } from "./wire-error.ts";

/** What a keeper needs to follow another one. */
export type Successor = Pick<AdoptingKeeper, "adopt"> & {
  /** Numbers what it accepts. */
  nextOrder(): Order;
  /** A slot there is held, or no longer. */
  onUse(upstream: string, change: 1 | -1): void;
  /** Whether the process is heard: a slot for one that is not would be idle. */
  isHeard(): boolean;
};

const unordered: Order = [0, 0];

/** What the process of a generation would say if it could. */
const processGone = (): GatewayError =>
  new GatewayError("cancelled", "The process of this request has ended.");

/** At an upstream, or in line after the failures named. */
export type Where =
  | { readonly at: string; readonly failed?: undefined }
  | { readonly at: null; readonly failed: ReadonlySet<string> };

export type HeldParts = {
  readonly id: string;
  readonly keeper: Keeper;
  readonly link: Pick<Link<FromKeeper>, "send">;
  readonly successor: Successor | undefined;
  forget(): void;
};

/** A generation of another process, between its acceptance and its end. */
export class HeldGeneration {
  readonly #parts: HeldParts;
  readonly #ends = new AbortController();
  /** What the gateway stops it by. It needs no listener, which would cost each generation. */
  readonly #stop = {
    signal: this.#ends.signal,
    abort: (reason: unknown): void => {
      if (this.#ends.signal.aborted) return;
      this.#ends.abort(reason);
      this.#decide(["stop", this.id, toWire(asGatewayError(reason))]);
    },
  };
  #admission: Admission | null = null;
  #order: Order = unordered;
  #isWaiting = false;
  /** The failures with which it waits, or waited for its slot. */
  #failed: ReadonlySet<string> | undefined;
  /** It was next while its process was not heard. */
  #isAside = false;
  /** What the process may not have heard: that it is stopped, or sent away. */
  #verdict: FromKeeper | null = null;
  /** It is closed, whatever still comes. */
  #isOver = false;
  #turn: Turn | null = null;
  #startedAt = 0;
  /** The slot of another keeper's time is on its way here. */
  #isAdopting = false;
  /** It was given back before it was here. */
  #isGivenBack = false;
  /** The process wants no further slot. */
  #hasLeft = false;
  /** The process is gone: nobody is told anything. */
  #isLost = false;

  constructor(parts: HeldParts) {
    this.#parts = parts;
  }

  /** The upstream whose slot it holds; null: none. */
  get at(): string | null {
    return this.#turn?.upstream ?? null;
  }

  /**
   * Whether it is here as its process says, once the process has been told what it may have missed.
   * False: it must be taken over anew.
   */
  agrees(claim: Claim): boolean {
    if (this.#verdict !== null) this.#tell(this.#verdict);
    switch (claim[0]) {
      case "asks":
        this.#tellTaken();
        if (this.#turn !== null) this.#tellSlot(this.#turn);
        return true;
      case "waits":
        // It had a slot, which failed, and its word was lost.
        if (this.#turn !== null && (this.#failed?.size ?? 0) !== claim[4].length)
          this.free(null, {});
        if (this.#turn !== null) this.#tellSlot(this.#turn);
        else if (!this.#isWaiting && this.#verdict === null) this.join(new Set(claim[4]));
        return true;
      case "runs":
        return this.at === claim[4];
      case "rests":
        if (this.#turn !== null) this.free(null, {});
        else this.leave();
        return true;
      case "closes":
        this.close(claim[2]);
        return true;
    }
  }

  /** Takes over what another keeper has accepted: it holds a slot there, or waits (null). */
  adopt(candidate: Candidate, past: KnownPast, where: Where): void {
    const { successor } = this.#parts;
    if (successor === undefined) return;
    const { at, failed } = where;
    this.#admission = successor.adopt(candidate, this.#stop, at, past);
    if (at === null) this.join(failed);
    else this.#adoptTurn(this.#admission);
  }

  take(candidate: Candidate): void {
    try {
      const asked = this.#parts.keeper.take(candidate, this.#stop);
      if (asked instanceof Promise) asked.then(this.#accepted, this.#refused);
      else this.#accepted(asked);
    } catch (cause) {
      this.#refused(cause);
    }
  }

  join(failed: ReadonlySet<string> | undefined): void {
    const admission = this.#admission;
    if (admission === null || this.#hasLeft) return;
    this.#isWaiting = true;
    this.#isAside = false;
    this.#failed = failed;
    this.#verdict = null;
    admission
      .turn((place) => this.#tell(["place", this.id, place]), failed)
      .then(
        (turn) => this.#given(turn),
        (cause) => {
          this.#isWaiting = false;
          this.#decide(["away", this.id, toWire(asGatewayError(cause))]);
        },
      );
  }

  /** Its process is heard again. */
  heard(): void {
    if (this.#isAside) this.join(this.#failed);
  }

  #decide(verdict: FromKeeper): void {
    this.#verdict = verdict;
    this.#tell(verdict);
  }

  #adoptTurn(admission: Admission): void {
    this.#isAdopting = true;
    admission
      .turn(() => {})
      .then(
        (turn) => {
          this.#isAdopting = false;
          if (this.#isGivenBack) turn.end(null, {});
          else this.#hold(turn);
        },
        // Its slot is there already, so nothing sends it away.
        () => {},
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
    this.#endTurn(processGone(), {});
  }

  free(error: WireError | null, work: Work): void {
    this.#isGivenBack = this.#isAdopting;
    this.#endTurn(error === null ? null : fromWire(error), work);
  }

  #endTurn(error: GatewayError | null, work: Work): void {
    const turn = this.#turn;
    this.#turn = null;
    if (turn !== null) this.#parts.successor?.onUse(turn.upstream, -1);
    turn?.end(error, work);
  }

  close(closing: Closing): void {
    // What it said before may have been lost with a connection, or with another keeper.
    if (this.#turn !== null || this.#isAdopting) this.free(null, {});
    else if (this.#isWaiting) this.leave();
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
    this.#isOver = true;
    this.#parts.forget();
    if (admission === null) return;
    const row = interruptedRow;
    await admission.close(closing ?? { row, charge: null, cachedAt: null });
    admission.end();
    this.#tell(["closed", this.id]);
  }

  readonly #accepted = (admission: Admission): void => {
    this.#admission = admission;
    if (this.#isLost || this.#isOver) {
      void this.lost();
      return;
    }
    this.#order = this.#parts.successor?.nextOrder() ?? unordered;
    this.#tellTaken();
    this.join(undefined);
  };

  readonly #refused = (cause: unknown): void => {
    this.#parts.forget();
    this.#tell(["refused", this.id, toWire(asGatewayError(cause))]);
  };

  #given(turn: Turn): void {
    if (this.#parts.successor?.isHeard() === false && !this.#hasLeft) {
      this.#isWaiting = false;
      this.#isAside = true;
      turn.end(processGone(), {});
    } else if (this.#hold(turn)) this.#tellSlot(turn);
  }

  /** False if nobody wants the slot any more. */
  #hold(turn: Turn): boolean {
    this.#isWaiting = false;
    if (this.#hasLeft) {
      turn.end(processGone(), {});
      return false;
    }
    this.#turn = turn;
    this.#parts.successor?.onUse(turn.upstream, 1);
    this.#startedAt = performance.now();
    return true;
  }

  /** Before the answer of `take`, nothing is known of it. */
  #tellTaken(): void {
    const admission = this.#admission;
    if (admission !== null) this.#tell(["taken", this.id, admission.headers, this.#order]);
  }

  #tellSlot({ upstream, waitedMs, firstPlace }: Turn): void {
    this.#tell(["slot", this.id, { upstream, waitedMs, firstPlace }]);
  }

  get id(): string {
    return this.#parts.id;
  }

  #tell(message: FromKeeper): void {
    if (!this.#isLost) this.#parts.link.send(message);
  }
}
