import type { GatewayError } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import type { Admission, Candidate, Closing, Keeper, Turn, Work } from "../generation/keeper.ts";
import type { LinePlace } from "../line/line.ts";
import { Roster } from "../roster.ts";
import type { StopControl } from "../stop-signal.ts";
import type { Link } from "./link.ts";
import type { Claim, FromKeeper, Order, ToKeeper } from "./messages.ts";
import { fromWire, verdictToWire } from "./wire-error.ts";

/** A keeper in another process. */
export type RemoteKeeper = Keeper & {
  /** Takes an answer of the keeper. Ignores what is of no generation that is still here. */
  answered(message: FromKeeper): void;
  /** What is here, for a keeper that may not know it. */
  claims(): Claim[];
  /** Ends a generation with this error if it still waits to be accepted. */
  refuse(id: string, error: GatewayError): void;
  /** The slots are lost: what holds one is stopped with this error. */
  loseSlots(error: GatewayError): void;
  /** Sends away, with this error, all that wait for a slot. */
  sendAway(error: GatewayError): void;
};

export type RemoteKeeperOptions = {
  /** What must be true in the moment in which a slot is used; throws otherwise. */
  readonly check?: () => void;
  /** Milliseconds, monotonic. */
  readonly now?: () => number;
};

export function createRemoteKeeper(
  link: Pick<Link<ToKeeper>, "send">,
  { check, now = () => performance.now() }: RemoteKeeperOptions = {},
): RemoteKeeper {
  const open = new Roster<RemoteAdmission>();
  const all = (): RemoteAdmission[] => [...open.values()];
  return {
    take(candidate, stop) {
      stop.signal.throwIfAborted();
      const { id } = candidate.opening;
      const forget = (): void => void open.delete(id);
      const parts = { link, id, candidate, stop, forget, check, now };
      const admission = new RemoteAdmission(parts);
      open.set(id, admission);
      link.send(["take", id, candidate]);
      return admission.taken;
    },
    answered(message) {
      open.get(message[1])?.answered(message);
    },
    claims: () => all().map((admission) => admission.claim()),
    refuse(id, error) {
      const admission = open.get(id);
      if (admission?.isTaken !== false) return;
      // The keeper may just have accepted it.
      link.send(["end", id]);
      admission.refuse(error);
    },
    sendAway(error) {
      for (const admission of all()) admission.sendAway(error);
    },
    loseSlots(error) {
      for (const admission of all()) admission.loseSlot(error);
    },
  };
}

type RemoteParts = {
  link: Pick<Link<ToKeeper>, "send">;
  id: string;
  candidate: Candidate;
  stop: StopControl;
  forget(): void;
  check: (() => void) | undefined;
  now(): number;
};

type Waiting = PromiseWithResolvers<Turn> & {
  onPlace: ((place: LinePlace) => void) | null;
  /** The place told before anybody listened. */
  untold: LinePlace | null;
  /** The upstreams that have failed before. */
  readonly failed: readonly string[];
  readonly since: number;
};

class RemoteAdmission implements Admission {
  headers: Readonly<Record<string, string>> = {};
  readonly #parts: RemoteParts;
  readonly #taken = Promise.withResolvers<Admission>();
  /** The turn that is waited for; null while there is none. */
  #waiting: Waiting | null = null;
  #isFirst = true;
  /** Null before it was accepted. */
  #order: Order | null = null;
  /** The slot that it holds, and since when; null: none. */
  #slot: (Omit<Turn, "end"> & { readonly startedAt: number }) | null = null;
  #closing: (PromiseWithResolvers<void> & { readonly what: Closing }) | null = null;

  /** The first turn, which may have been given before it was asked for. */
  readonly #first: Promise<Turn>;

  constructor(parts: RemoteParts) {
    this.#parts = parts;
    this.#first = this.#waitForSlot();
    parts.stop.signal.addEventListener("abort", this.#aborted, { once: true });
  }

  get taken(): Promise<Admission> {
    return this.#taken.promise;
  }

  turn(onPlace: (place: LinePlace) => void, failed?: ReadonlySet<string>): Promise<Turn> {
    const { link, id, stop } = this.#parts;
    if (!this.#isFirst && stop.signal.aborted) return Promise.reject(stop.signal.reason);
    const before = [...(failed ?? [])];
    const turn = this.#isFirst ? this.#first : this.#waitForSlot(before);
    if (!this.#isFirst) link.send(["turn", id, before]);
    this.#isFirst = false;
    const waiting = this.#waiting;
    if (waiting !== null) waiting.onPlace = onPlace;
    if (waiting?.untold != null) this.#place(waiting, waiting.untold);
    return turn;
  }

  close(closing: Closing): Promise<void> {
    const { link, id } = this.#parts;
    this.#closing = { ...Promise.withResolvers<void>(), what: closing };
    link.send(["close", id, closing]);
    return this.#closing.promise;
  }

  /** A closing that the keeper has not confirmed is kept, to be said again. */
  end(): void {
    const { link, id } = this.#parts;
    this.#unwatch();
    this.#slot = null;
    if (this.#closing !== null) return;
    link.send(["end", id]);
    this.#parts.forget();
  }

  get isTaken(): boolean {
    return this.#order !== null;
  }

  claim(): Claim {
    const { id, candidate } = this.#parts;
    if (this.#closing !== null) return ["closes", id, this.#closing.what];
    if (this.#order === null) return ["asks", id, candidate];
    const now = this.#parts.now();
    if (this.#slot !== null) {
      const { upstream, waitedMs, firstPlace, startedAt } = this.#slot;
      const past = { waitedMs, firstPlace, ranMs: now - startedAt };
      return ["runs", id, candidate, this.#order, upstream, past];
    }
    const waiting = this.#waiting;
    if (waiting === null) return ["rests", id];
    const past = { waitedMs: now - waiting.since };
    return ["waits", id, candidate, this.#order, waiting.failed, past];
  }

  sendAway(error: GatewayError): void {
    if (this.isTaken && this.#waiting !== null) this.#leave(this.#waiting, error);
  }

  loseSlot(error: GatewayError): void {
    if (this.#slot !== null) this.#parts.stop.abort(error);
  }

  answered(message: FromKeeper): void {
    const waiting = this.#waiting;
    switch (message[0]) {
      case "taken":
        this.headers = message[2];
        this.#order = message[3];
        this.#taken.resolve(this);
        return;
      case "refused":
        this.refuse(fromWire(message[2]));
        return;
      case "place":
        if (waiting !== null) this.#place(waiting, message[2]);
        return;
      case "slot":
        this.#waiting = null;
        waiting?.resolve(this.#turnIn(message[2]));
        return;
      case "away":
        this.#waiting = null;
        waiting?.reject(fromWire(message[2]));
        return;
      case "stop":
        this.#parts.stop.abort(fromWire(message[2]));
        return;
      case "closed":
        this.#closing?.resolve();
        this.#parts.forget();
    }
  }

  #waitForSlot(failed: readonly string[] = []): Promise<Turn> {
    const waits = { onPlace: null, untold: null, failed, since: this.#parts.now() };
    const waiting: Waiting = { ...Promise.withResolvers<Turn>(), ...waits };
    // Nobody may ask for it, if the request is refused.
    waiting.promise.catch(() => {});
    this.#waiting = waiting;
    return waiting.promise;
  }

  /** The client has left, or the request was stopped: nobody waits for a slot that comes now. */
  readonly #aborted = (): void => {
    const { link, id, stop } = this.#parts;
    if (this.#waiting !== null) this.#leave(this.#waiting, stop.signal.reason);
    else if (stop.signal.reason instanceof ClientLeft) link.send(["left", id]);
  };

  #leave(waiting: Waiting, reason: unknown): void {
    this.#waiting = null;
    this.#parts.link.send(["leave", this.#parts.id]);
    waiting.reject(reason);
  }

  refuse(error: GatewayError): void {
    this.#taken.reject(error);
    this.#unwatch();
    this.#parts.forget();
  }

  #unwatch(): void {
    this.#waiting = null;
    this.#parts.stop.signal.removeEventListener("abort", this.#aborted);
  }

  /** If telling the place throws, the request leaves: nobody would give its slot back. */
  #place(waiting: Waiting, place: LinePlace): void {
    waiting.untold = waiting.onPlace === null ? place : null;
    try {
      waiting.onPlace?.(place);
    } catch (cause) {
      this.#leave(waiting, cause);
    }
  }

  #turnIn(given: Omit<Turn, "end">): Turn {
    const { link, id, check, now } = this.#parts;
    // Throws where the keeper says no slot at all.
    const { upstream, waitedMs, firstPlace } = given;
    this.#slot = { upstream, waitedMs, firstPlace, startedAt: now() };
    return {
      ...given,
      ...(check === undefined ? {} : { check }),
      end: (error: GatewayError | null, work: Work): void => {
        if (this.#slot === null) return;
        this.#slot = null;
        link.send(["free", id, error === null ? null : verdictToWire(error), work]);
      },
    };
  }
}
