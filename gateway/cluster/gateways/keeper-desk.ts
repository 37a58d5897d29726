import { readBatch } from "../link.ts";
import type { Claim, Order } from "../messages.ts";
import { type FromMember, type NewerKeeper, oneInTerm, splitTerm } from "./gateway-messages.ts";
import { reasonAgainst } from "./greeting.ts";
import { Guest } from "./guest.ts";
import type { KeptLines } from "./kept-lines.ts";
import { LeavingRows } from "./leaving-rows.ts";
import type {
  BusyAt,
  Clock,
  Connection,
  Election,
  GatewayRow,
  Hello,
  Holds,
  Listener,
} from "./ports.ts";
import { recallPeople } from "./recall-people.ts";
import { Silence } from "./silence.ts";
import { Takeover } from "./takeover.ts";
import type { ClusterTimes } from "./times.ts";

export type KeeperDeskParts = {
  readonly clock: Clock;
  readonly times: ClusterTimes;
  readonly lines: KeptLines;
  readonly busyAt: BusyAt;
  readonly election: Pick<Election, "hold" | "forget">;
  own(): Hello;
  /** Whether this gateway has the lease of the line. */
  hasLease(): boolean;
  /** Whether the database answers this gateway. */
  hasDatabase(): boolean;
  /** A member says that there is a keeper of this later term. */
  onNewer(keeper: NewerKeeper): void;
  /** A gateway was not heard for the slot lease and the margin; so many of its slots were given away. */
  onUnproved(gateway: string, slots: number): void;
  onRefused(hello: Hello, reason: string): void;
  /** A member says what this gateway does not understand. */
  onOdd(gateway: string, error: unknown): void;
};

/** The desk of the keeper in one term: it answers all members, its own gateway's too. */
export class KeeperDesk {
  readonly term: number;
  readonly #parts: KeeperDeskParts;
  readonly #guests = new Map<string, Guest>();
  readonly #silence: Silence;
  readonly #electedAt: number;
  /** What the database says that each gateway may hold, when it was seen first. */
  #known = new Map<string, Holds>();
  readonly #leaving: LeavingRows;
  /** Connections that wait until the row of their gateway is seen, and what welcomes each then. */
  readonly #unseen = new Map<Connection, () => void>();
  readonly #takeover = new Takeover((gateway, connection) => {
    return !this.#isOver && this.#guests.get(gateway)?.isOn(connection) === true;
  });
  #hasLooked = false;
  #isOver = false;
  #accepted = 0;

  constructor(parts: KeeperDeskParts, term: number) {
    const { clock, times, lines, busyAt } = parts;
    this.#parts = parts;
    this.term = term;
    this.#leaving = new LeavingRows(parts.election);
    this.#electedAt = clock.now();
    this.#silence = new Silence({
      ...{ clock, times, lines, busyAt, electedAt: this.#electedAt },
      hasLease: () => parts.hasLease(),
      guests: () => this.#guests.values(),
      onExpired: (gateway, slots) => this.#expired(gateway, slots),
    });
    lines.forgetUsers();
  }

  /** Whether a request may start at this moment. Asked at each start. */
  get mayGrant(): boolean {
    return this.#takeover.isDone && !this.#isOver && this.#parts.hasLease();
  }

  /** Takes what the database says of all gateways. The first time it says which slots must be kept. */
  look(rows: readonly GatewayRow[]): void {
    const isFirst = !this.#hasLooked;
    this.#known = new Map(
      rows.map(({ gateway, holds }) => [
        gateway,
        isFirst ? holds : (this.#known.get(gateway) ?? {}),
      ]),
    );
    if (isFirst)
      for (const row of rows) if (!this.#guests.has(row.gateway)) this.#silence.expect(row);
    this.#hasLooked = true;
    for (const gateway of this.#leaving.takeFailed()) {
      if (this.#known.has(gateway)) this.#forgetRow(gateway);
    }
    for (const [connection, welcome] of this.#unseen) {
      if (!this.#isKnown(connection)) continue;
      this.#unseen.delete(connection);
      welcome();
    }
    for (const guest of this.#guests.values()) {
      // Its row was removed by a keeper that had not heard it. It writes a new one, and comes again.
      if (!this.#known.has(guest.gateway)) guest.disconnect();
    }
  }

  accept(connection: Connection): Listener {
    const reason = reasonAgainst(this.#parts.own(), connection.hello);
    if (reason !== null) {
      this.#parts.onRefused(connection.hello, reason);
      connection.send(oneInTerm(this.term, ["unwelcome", reason]));
    } else if (this.#isKnown(connection)) this.#welcome(connection);
    else this.#unseen.set(connection, () => this.#welcome(connection));
    return {
      said: (text) => this.#said(connection, text),
      closed: () => {
        this.#unseen.delete(connection);
        const guest = this.#guests.get(connection.hello.gateway);
        if (guest?.isOn(connection) === true) guest.disconnect();
      },
    };
  }

  /** Call it often. */
  tick(): void {
    this.#silence.tick();
    for (const guest of this.#guests.values()) guest.tick();
    const { clock, times } = this.#parts;
    const isLate = clock.now() - this.#electedAt >= times.collect;
    if (this.#takeover.hasBegun || !this.#hasLooked) return;
    if (isLate || this.#allHaveClaimed()) void this.#begin();
  }

  /** Another gateway is the keeper. What was kept here is told to that one by those who have it. */
  stepDown(newer: NewerKeeper | null): void {
    this.#isOver = true;
    for (const guest of this.#guests.values()) {
      guest.tell(["not here", newer]);
      guest.disconnect();
      void guest.service.lost();
    }
    for (const connection of this.#unseen.keys()) connection.destroy();
    this.#guests.clear();
    this.#silence.clear();
  }

  /** Its row is there, and stays. */
  #isKnown({ hello }: Connection): boolean {
    return this.#known.has(hello.gateway) && !this.#leaving.has(hello.gateway);
  }

  #welcome(connection: Connection): void {
    if (this.#isOver) {
      connection.destroy();
      return;
    }
    const { gateway } = connection.hello;
    const { clock, times } = this.#parts;
    this.#leaving.keep(gateway);
    const order = (): Order => [this.term, ++this.#accepted];
    const known = this.#guests.get(gateway);
    const { keeper } = this.#parts.lines;
    const grants = {
      now: () => clock.now(),
      written: this.#known.get(gateway) ?? {},
      write: (holds: Holds) => this.#parts.election.hold(gateway, holds, this.term),
      mayGrant: () => this.mayGrant,
      onRefused: () => this.#guests.get(gateway)?.disconnect(),
    };
    const isHeard = (at: number): boolean => clock.now() - at < 2 * times.fresh;
    const parts = { keeper, term: this.term, order, now: clock.now(), grants, isHeard };
    const guest = known ?? new Guest(gateway, parts);
    this.#guests.set(gateway, guest);
    guest.connect(connection);
    guest.tell(["welcome"]);
  }

  #said(connection: Connection, text: string): void {
    const split = splitTerm(text);
    const guest = this.#guests.get(connection.hello.gateway);
    if (split === null || this.#isOver) connection.destroy();
    if (split?.term !== this.term || guest?.isOn(connection) !== true) return;
    try {
      readBatch<FromMember>(split.batch, (message) => {
        if (guest.isOn(connection) && !this.#isOver) this.#hear(guest, connection, message);
      });
    } catch (error) {
      this.#odd(guest, error);
    }
  }

  #odd(guest: Guest, error: unknown): void {
    this.#parts.onOdd(guest.gateway, error);
    guest.disconnect();
  }

  #hear(guest: Guest, connection: Connection, message: FromMember): void {
    switch (message[0]) {
      case "beat":
        guest.heard(this.#parts.clock.now());
        guest.hasDatabase = message[2];
        // Before that its slots are not known here, and could be taken for free.
        if (guest.hasClaimed && this.#mayConfirm()) {
          guest.tell(["beaten", message[1], this.#parts.lines.state()]);
        }
        return;
      case "claims": {
        const claims = guest.collect(message[1], message[2]);
        if (claims === null) return;
        this.#claimed(guest, connection, claims).catch((error) => {
          if (guest.isOn(connection)) this.#odd(guest, error);
        });
        return;
      }
      case "bye":
        this.#forget(guest);
        return;
      case "newer":
        this.#parts.onNewer(message[1]);
        return;
      default:
        if (guest.isReady) guest.service.asked(message);
        else guest.early.push(message);
    }
  }

  /** What they used before is read first: nothing of them counts twice then. */
  async #claimed(guest: Guest, connection: Connection, claims: readonly Claim[]): Promise<void> {
    guest.heardAt = this.#parts.clock.now();
    await recallPeople(claims, this.#parts);
    if (this.#isOver || !guest.isOn(connection)) return;
    const adoptables = guest.service.claimed(claims);
    guest.claimed();
    this.#silence.heard(guest.gateway);
    const adopted = this.#takeover.add(guest.gateway, connection, adoptables);
    this.tick();
    if (await adopted) this.#hearEarly(guest);
  }

  #hearEarly(guest: Guest): void {
    try {
      guest.hearEarly();
    } catch (error) {
      this.#odd(guest, error);
    }
  }

  #allHaveClaimed(): boolean {
    return [...this.#known.keys()].every(
      (gateway) => this.#guests.get(gateway)?.hasClaimed === true,
    );
  }

  /** Nothing starts before all have joined: the order is that of the line. */
  async #begin(): Promise<void> {
    await this.#takeover.begin();
    if (this.#isOver) return;
    for (const guest of this.#guests.values()) if (guest.hasClaimed) this.#hearEarly(guest);
    this.#parts.lines.reconsider();
  }

  /**
   * Whether members may go on. Without the database only while all gateways are heard, and none of
   * them has it: then no other can be elected.
   */
  #mayConfirm(): boolean {
    const { clock, times, hasLease, hasDatabase } = this.#parts;
    if (this.#isOver) return false;
    if (hasLease()) return true;
    if (hasDatabase()) return false;
    const now = clock.now();
    return [...this.#known.keys()].every((gateway) => {
      const guest = this.#guests.get(gateway);
      return guest !== undefined && !guest.hasDatabase && now - guest.heardAt < times.fresh;
    });
  }

  /** It stopped by itself before this, if it still runs. */
  #expired(gateway: string, slots: number): void {
    if (slots > 0 && this.mayGrant) this.#parts.onUnproved(gateway, slots);
    const guest = this.#guests.get(gateway);
    if (guest === undefined) this.#forgetRow(gateway);
    else this.#forget(guest);
  }

  #forget(guest: Guest): void {
    this.#guests.delete(guest.gateway);
    guest.disconnect();
    void guest.service.lost();
    this.#forgetRow(guest.gateway);
  }

  #forgetRow(gateway: string): void {
    this.#known.delete(gateway);
    this.#leaving.remove(gateway);
  }
}
