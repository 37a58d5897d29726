import { type GatewayError, shuttingDown } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import type { Admission, Closing, Keeper, Turn, Work } from "../generation/keeper.ts";
import type { LinePlace } from "../line/line.ts";
import { Roster } from "../roster.ts";
import type { StopControl } from "../stop-signal.ts";
import type { Link } from "./link.ts";
import type { FromKeeper, ToKeeper } from "./messages.ts";
import { fromWire, verdictToWire } from "./wire-error.ts";

/** A keeper in another process. */
export type RemoteKeeper = Keeper & {
  /** Takes an answer of the keeper. Ignores what is of no generation that is still here. */
  answered(message: FromKeeper): void;
  /** The keeper is gone: what waits for it ends. */
  lost(): void;
};

export function createRemoteKeeper(link: Pick<Link<ToKeeper>, "send">): RemoteKeeper {
  const open = new Roster<RemoteAdmission>();
  return {
    take(candidate, stop) {
      stop.signal.throwIfAborted();
      const { id } = candidate.opening;
      const admission = new RemoteAdmission({ link, id, stop, forget: () => open.delete(id) });
      open.set(id, admission);
      link.send(["take", id, candidate]);
      return admission.taken;
    },
    answered(message) {
      open.get(message[1])?.answered(message);
    },
    lost() {
      for (const admission of [...open.values()]) admission.lost();
    },
  };
}

type RemoteParts = {
  link: Pick<Link<ToKeeper>, "send">;
  id: string;
  stop: StopControl;
  forget(): void;
};

type Waiting = PromiseWithResolvers<Turn> & {
  onPlace: ((place: LinePlace) => void) | null;
  /** The place told before anybody listened. */
  untold: LinePlace | null;
};

class RemoteAdmission implements Admission {
  headers: Readonly<Record<string, string>> = {};
  readonly #parts: RemoteParts;
  readonly #taken = Promise.withResolvers<Admission>();
  /** The turn that is waited for; null while there is none. */
  #waiting: Waiting | null = null;
  #isFirst = true;
  #closed: PromiseWithResolvers<void> | null = null;

  /** The first turn, which may have been given before it was asked for. */
  readonly #first: Promise<Turn>;

  constructor(parts: RemoteParts) {
    this.#parts = parts;
    this.#first = this.#wait();
    parts.stop.signal.addEventListener("abort", this.#aborted, { once: true });
  }

  get taken(): Promise<Admission> {
    return this.#taken.promise;
  }

  turn(onPlace: (place: LinePlace) => void, failed?: ReadonlySet<string>): Promise<Turn> {
    const { link, id, stop } = this.#parts;
    if (!this.#isFirst && stop.signal.aborted) return Promise.reject(stop.signal.reason);
    const turn = this.#isFirst ? this.#first : this.#wait();
    if (!this.#isFirst) link.send(["turn", id, [...(failed ?? [])]]);
    this.#isFirst = false;
    const waiting = this.#waiting;
    if (waiting !== null) waiting.onPlace = onPlace;
    if (waiting?.untold != null) this.#place(waiting, waiting.untold);
    return turn;
  }

  close(closing: Closing): Promise<void> {
    const { link, id } = this.#parts;
    this.#closed = Promise.withResolvers();
    link.send(["close", id, closing]);
    return this.#closed.promise;
  }

  end(): void {
    const { link, id } = this.#parts;
    if (this.#closed === null) link.send(["end", id]);
    this.#forget();
  }

  answered(message: FromKeeper): void {
    const waiting = this.#waiting;
    switch (message[0]) {
      case "taken":
        this.headers = message[2];
        this.#taken.resolve(this);
        return;
      case "refused":
        this.#refused(fromWire(message[2]));
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
        this.#closed?.resolve();
    }
  }

  lost(): void {
    this.#refused(shuttingDown());
    this.#parts.stop.abort(shuttingDown());
    this.#closed?.resolve();
  }

  #wait(): Promise<Turn> {
    const waiting: Waiting = { ...Promise.withResolvers<Turn>(), onPlace: null, untold: null };
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

  #refused(error: GatewayError): void {
    this.#taken.reject(error);
    this.#forget();
  }

  #forget(): void {
    this.#waiting = null;
    this.#parts.stop.signal.removeEventListener("abort", this.#aborted);
    this.#parts.forget();
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
    const { link, id } = this.#parts;
    let isHeld = true;
    return {
      ...given,
      end(error: GatewayError | null, work: Work): void {
        if (!isHeld) return;
        isHeld = false;
        link.send(["free", id, error === null ? null : verdictToWire(error), work]);
      },
    };
  }
}
