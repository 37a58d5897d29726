import type { AdoptingKeeper } from "../../generation/keeper.ts";
import { createKeeperService, type KeeperService } from "../keeper-service.ts";
import { createLink, type Link } from "../link.ts";
import type { Order, ToKeeper } from "../messages.ts";
import { inTerm, type ToMember } from "./gateway-messages.ts";
import { Grants, type GrantsParts } from "./grants.ts";
import type { Connection, Hello } from "./ports.ts";

export type GuestParts = {
  readonly keeper: AdoptingKeeper;
  readonly term: number;
  /** Numbers what is accepted. */
  order(): Order;
  /** Monotonic milliseconds. */
  readonly now: number;
  readonly grants: Omit<GrantsParts, "pass">;
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
  /** What it said before its claims were taken over, or the line began. */
  early: ToKeeper[] = [];
  #connection: Connection | null = null;
  readonly #link: Link<ToMember>;
  readonly #grants: Grants;

  constructor(gateway: string, { keeper, term, order, now, grants }: GuestParts) {
    this.gateway = gateway;
    this.heardAt = now;
    this.#link = createLink<ToMember>({
      write: (batch) => this.#connection?.send(inTerm(term, batch)),
    });
    this.#grants = new Grants({ ...grants, pass: (grant) => this.#link.send(grant) });
    this.service = createKeeperService(
      keeper,
      { send: (message) => this.tell(message) },
      {
        adopt: (...claim) => keeper.adopt(...claim),
        nextOrder: order,
        onUse: (upstream, change) => this.#grants.use(upstream, change),
      },
    );
  }

  /** What it holds is written anew only when it is known. */
  tick(): void {
    if (this.#hasClaimed) this.#grants.tick();
  }

  /** Whether it has said what it has. */
  get hasClaimed(): boolean {
    return this.#hasClaimed;
  }

  claimed(): void {
    this.#hasClaimed = true;
    this.#grants.claimed();
  }

  get hello(): Hello | null {
    return this.#connection?.hello ?? null;
  }

  /** A new connection ends the one before: what still comes on that is of an old session. */
  connect(connection: Connection): void {
    const old = this.#connection;
    this.#link.flush();
    this.#connection = connection;
    this.#hasClaimed = false;
    this.early = [];
    this.#grants.clear();
    old?.destroy();
  }

  isOn(connection: Connection): boolean {
    return this.#connection === connection;
  }

  hearEarly(): void {
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
