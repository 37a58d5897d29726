import { slotLost } from "../errors.ts";
import type { Keeper } from "../generation/keeper.ts";
import { Roster } from "../roster.ts";
import { HeldGeneration, type Successor } from "./held-generation.ts";
import type { Link } from "./link.ts";
import type { Claim, FromKeeper, Order, ToKeeper } from "./messages.ts";
import { asGatewayError, toWire } from "./wire-error.ts";

/** The keeper's side of one link. */
export type KeeperService = {
  asked(message: ToKeeper): void;
  /**
   * The process says all that it has. What it names no longer is closed as interrupted; what is not
   * known here is taken over. Gives those that wait, or ask to be accepted: they join the line by
   * `adopt`, so that all processes' can be in one order.
   */
  claimed(claims: readonly Claim[]): Adoptable[];
  /** Whether the generation of this id holds a slot. */
  holds(id: string): boolean;
  /** The slots that it holds, by upstream. */
  held(): Map<string, number>;
  /** Frees up to so many of its slots there: the upstream works on nothing of them any more. */
  free(upstream: string, count: number): Promise<void>;
  /** The process is heard again: what was put aside while it was not waits again. */
  heard(): void;
  /**
   * The process at the other end is gone. What its generations held is free at once, and their rows
   * are closed as interrupted. Resolves when they are committed.
   */
  lost(): Promise<void>;
};

/** A generation that waited at another keeper, or asks to be accepted. */
export type Adoptable = { readonly order: Order; adopt(): void };

/** What was not accepted yet comes after all that was. */
const last: Order = [Number.MAX_SAFE_INTEGER, 0];

/**
 * Answers one process that has generations, and holds for it what they were given.
 * @param successor - for a keeper that can follow another one
 */
export function createKeeperService(
  keeper: Keeper,
  link: Pick<Link<FromKeeper>, "send">,
  successor?: Successor,
): KeeperService {
  return new HeldGenerations(keeper, link, successor);
}

class HeldGenerations implements KeeperService {
  readonly #held = new Roster<HeldGeneration>();
  /** Those whose slots were given away: they may not come back. */
  readonly #freed = new Set<string>();
  readonly #keeper: Keeper;
  readonly #link: Pick<Link<FromKeeper>, "send">;
  readonly #successor: Successor | undefined;
  /** Slots were freed by their number: nobody knows which of them the process uses. */
  #isUnsure = false;

  constructor(
    keeper: Keeper,
    link: Pick<Link<FromKeeper>, "send">,
    successor: Successor | undefined,
  ) {
    this.#keeper = keeper;
    this.#link = link;
    this.#successor = successor;
  }

  asked(message: ToKeeper): void {
    const [what, id] = message;
    if (what === "take") {
      this.#begin(id).take(message[2]);
      return;
    }
    const generation = this.#held.get(id);
    if (generation === undefined) this.#unknown(what, id);
    else if (what === "turn") generation.join(new Set(message[2]));
    else if (what === "leave") generation.leave();
    else if (what === "left") generation.left();
    else if (what === "free") generation.free(message[2], message[3]);
    else if (what === "close") generation.close(message[2]);
    else generation.end();
  }

  claimed(claims: readonly Claim[]): Adoptable[] {
    const named = new Set(claims.map(([, id]) => id));
    for (const id of [...this.#held.keys()]) if (!named.has(id)) void this.#held.get(id)?.lost();
    const adoptables = claims.flatMap((claim) => this.#claimed(claim));
    this.#isUnsure = false;
    return adoptables;
  }

  holds(id: string): boolean {
    return this.#held.get(id)?.at != null;
  }

  held(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { at } of this.#held.values()) {
      if (at !== null) counts.set(at, (counts.get(at) ?? 0) + 1);
    }
    return counts;
  }

  async free(upstream: string, count: number): Promise<void> {
    this.#isUnsure = true;
    const there = [...this.#held.values()].filter(({ at }) => at === upstream);
    await Promise.all(
      there.slice(0, count).map((one) => {
        this.#freed.add(one.id);
        return one.lost();
      }),
    );
  }

  heard(): void {
    for (const generation of this.#held.values()) generation.heard();
  }

  async lost(): Promise<void> {
    await Promise.all([...this.#held.values()].map((generation) => generation.lost()));
  }

  /** It is of another keeper's time: it was between two slots then, or is over. */
  #unknown(what: ToKeeper[0], id: string): void {
    if (what === "turn") this.#link.send(["away", id, toWire(slotLost())]);
    if (what === "close") this.#link.send(["closed", id]);
  }

  #claimed(claim: Claim): Adoptable[] {
    const [, id] = claim;
    try {
      return this.#takenOver(claim);
    } catch (cause) {
      this.#cannot(id, cause);
      return [];
    }
  }

  /** It ends there, and is not said again. */
  #cannot(id: string, cause: unknown): void {
    this.#held.delete(id);
    const error = toWire(asGatewayError(cause));
    for (const what of ["refused", "away", "stop"] as const) this.#link.send([what, id, error]);
  }

  #takenOver(claim: Claim): Adoptable[] {
    const [, id] = claim;
    const known = this.#held.get(id);
    // A slot that the process never heard of may be given to another one meanwhile: it waits again.
    const isUntold = claim[0] === "waits" || claim[0] === "asks";
    const isWithdrawn = this.#isUnsure && isUntold && known?.at != null;
    if (!isWithdrawn && known?.agrees(claim) === true) return [];
    void known?.lost();
    // It has a slot again until it has stopped: its upstream works on it.
    if (claim[0] === "runs" && this.#freed.has(id)) {
      this.#link.send(["stop", id, toWire(slotLost())]);
    }
    if (claim[0] === "closes") this.#link.send(["closed", id]);
    if (claim[0] === "asks") {
      return [this.#adoptable(id, last, (one) => one.take(claim[2]))];
    }
    if (claim[0] === "runs") this.#begin(id).adopt(claim[2], claim[5], { at: claim[4] });
    if (claim[0] !== "waits") return [];
    const [, , candidate, [term, number], failed, past] = claim;
    const where = { at: null, failed: new Set(failed) };
    const join = (one: HeldGeneration): void => one.adopt(candidate, past, where);
    return [this.#adoptable(id, [term, number], join)];
  }

  #adoptable(id: string, order: Order, act: (one: HeldGeneration) => void): Adoptable {
    return {
      order,
      adopt: () => {
        if (this.#held.has(id)) return;
        try {
          act(this.#begin(id));
        } catch (cause) {
          this.#cannot(id, cause);
        }
      },
    };
  }

  #begin(id: string): HeldGeneration {
    const generation: HeldGeneration = new HeldGeneration({
      ...{ id, keeper: this.#keeper, link: this.#link, successor: this.#successor },
      forget: () => {
        if (this.#held.get(id) === generation) this.#held.delete(id);
      },
    });
    this.#held.set(id, generation);
    return generation;
  }
}
