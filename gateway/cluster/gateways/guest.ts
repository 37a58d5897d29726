import type { AdoptingKeeper } from "../../generation/keeper.ts";
import { createKeeperService, type KeeperService } from "../keeper-service.ts";
import { createLink, type Link } from "../link.ts";
import type { Claim, Order, ToKeeper } from "../messages.ts";
import { inTerm, mostInText, type ToMember } from "./gateway-messages.ts";
import { Grants, type GrantsParts } from "./grants.ts";
import type { Connection } from "./ports.ts";

export type GuestParts = {
  readonly keeper: AdoptingKeeper;
  readonly term: number;
  /** Numbers what is accepted. */
  order(): Order;
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly grants: Omit<GrantsParts, "pass" | "isHeld">;
  /** Whether a gateway that was heard then is there, as far as one can know. */
  isHeard(at: number): boolean;
};

/** A gateway of the cluster, as its keeper knows it. It outlives its connection. */
export class Guest {
  readonly gateway: string;
  readonly service: KeeperService;
  /** When it was heard last. Monotonic milliseconds of the keeper. */
  heardAt: number;
  /** Whether the database answers it. */
  hasDatabase = true;
  #hasClaimed = false;
  /** What waited of it has joined the line too: from now on it is heard. */
  isReady = false;
  #claims: Claim[] = [];
  /** What it said before its claims were taken over, or the line began. */
  early: ToKeeper[] = [];
  #connection: Connection | null = null;
  readonly #link: Link<ToMember>;
  readonly #grants: Grants;

  constructor(gateway: string, { keeper, term, order, now, grants, isHeard }: GuestParts) {
    this.gateway = gateway;
    this.heardAt = now;
    this.#link = createLink<ToMember>(
      { write: (batch) => this.#connection?.send(inTerm(term, batch)) },
      mostInText,
    );
    this.#grants = new Grants({
      ...grants,
      pass: (grant) => this.#link.send(grant),
      isHeld: (id) => this.service.holds(id),
    });
    this.service = createKeeperService(
      keeper,
      { send: (message) => this.tell(message) },
      {
        adopt: (...claim) => keeper.adopt(...claim),
        nextOrder: order,
        onUse: (upstream, change) => this.#grants.use(upstream, change),
        isHeard: () => isHeard(this.heardAt),
      },
    );
  }

  /** What it holds is written anew only when it is known. */
  tick(): void {
    if (this.#hasClaimed) this.#grants.tick();
  }

  /** Whether it has said what it has, and what runs of it was taken over. */
  get hasClaimed(): boolean {
    return this.#hasClaimed;
  }

  claimed(): void {
    this.#hasClaimed = true;
    this.#grants.claimed();
  }

  /** A new connection ends the one before: what still comes on that is of an old session. */
  connect(connection: Connection): void {
    const old = this.#connection;
    this.#link.flush();
    this.#connection = connection;
    this.#hasClaimed = false;
    this.isReady = false;
    this.#claims = [];
    this.early = [];
    this.#grants.clear();
    old?.destroy();
  }

  isOn(connection: Connection): boolean {
    return this.#connection === connection;
  }

  /** Collects the parts of what it has; gives all of them after the last one, null before. */
  collect(part: readonly Claim[], isLast: boolean): Claim[] | null {
    this.#claims.push(...part);
    return isLast ? this.#claims.splice(0) : null;
  }

  /** It is heard again: what was put aside waits again. */
  heard(now: number): void {
    this.heardAt = now;
    // Before its claims nothing is given: it may be told of a slot that the claims take back.
    if (this.#hasClaimed) this.service.heard();
  }

  hearEarly(): void {
    this.isReady = true;
    for (const message of this.early.splice(0)) this.service.asked(message);
  }

  tell(message: ToMember): void {
    if (message[0] === "slot") this.#grants.add(message);
    else this.#link.send(message);
  }

  disconnect(): void {
    this.#link.flush();
    const connection = this.#connection;
    this.#connection = null;
    connection?.destroy();
  }
}
