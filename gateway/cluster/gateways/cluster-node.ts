import type { ClusterState } from "../../server/cluster-state.ts";
import type { ClusterEvents } from "../../telemetry/cluster-events.ts";
import { Candidacy } from "./candidacy.ts";
import { ClusterMember } from "./cluster-member.ts";
import { type NewerKeeper, oneInTerm } from "./gateway-messages.ts";
import type { KeeperDesk, KeeperDeskParts } from "./keeper-desk.ts";
import { Lease, type Moment, momentOf } from "./lease.ts";
import { noKeeper } from "./member-keeper.ts";
import { oddWords, openDesk } from "./open-desk.ts";
import { OwnRow } from "./own-row.ts";
import type {
  Cancel,
  ClusterView,
  Connection,
  Election,
  Hello,
  Listener,
  Network,
} from "./ports.ts";
import { stateOf } from "./state-of.ts";
import { createTroubleTelling } from "./trouble-telling.ts";
import { WayToKeeper } from "./way-to-keeper.ts";

export type ClusterNodeParts = Pick<KeeperDeskParts, "clock" | "times" | "lines" | "busyAt"> & {
  readonly network: Network;
  readonly election: Election;
  readonly hello: Hello;
  readonly events: ClusterEvents;
  /** One line about an error of the database, without secrets. */
  explain(error: unknown): string;
};

/** Accepted requests wait so long for another keeper. Milliseconds. */
const waitsMs = 60_000;

/**
 * One gateway of a cluster: it looks at the database, keeps the line if it is elected, and asks the
 * keeper if another one is.
 */
export class ClusterNode {
  readonly member: ClusterMember;
  readonly #parts: ClusterNodeParts;
  readonly #lease: Lease;
  readonly #way: WayToKeeper;
  #desk: KeeperDesk | null = null;
  #view: ClusterView | null = null;
  /** The latest keeper that another gateway told of. */
  #heard: NewerKeeper | null = null;
  #databaseTrouble: string | null = null;
  readonly #row: OwnRow;
  readonly #candidacy: Candidacy;
  #isOver = false;
  #ends: Cancel[] = [];
  readonly #tellTrouble: ReturnType<typeof createTroubleTelling>;
  /** When there was a keeper last. Monotonic milliseconds. */
  #attachedAt: number;
  #unproved = 0;

  constructor(parts: ClusterNodeParts) {
    const { clock, times, events, lines } = parts;
    this.#parts = parts;
    this.#attachedAt = clock.now();
    this.#tellTrouble = createTroubleTelling(events);
    this.#lease = new Lease(clock, times.keeperLease);
    this.#candidacy = new Candidacy(clock, times);
    this.member = new ClusterMember({
      ...{ clock, times },
      databaseAnswers: () => this.#hasDatabase(),
      onNewer: (newer) => this.#heardOf(newer),
      onLineState: (state) => {
        if (this.#desk === null) lines.steer(state);
      },
      onOdd: (keeper, error) => events.refused(keeper, oddWords(error)),
      onSlotsLost: () => {
        this.#row.isEntered = false;
        events.slotsLost();
      },
    });
    this.#row = new OwnRow({ ...parts, member: this.member });
    this.#way = new WayToKeeper({ ...parts, member: this.member });
  }

  /** Whether a request may start in the lines of this gateway. Asked at each start. */
  get mayGrant(): boolean {
    return this.#desk?.mayGrant === true;
  }

  get isKeeper(): boolean {
    return this.#desk !== null;
  }

  state(): ClusterState {
    const { network, clock } = this.#parts;
    return stateOf({
      ...{ near: this.member.attachedTo, view: this.#view, trouble: this.trouble },
      ownAddress: this.#desk === null ? null : network.address,
      withoutKeeperMs: clock.now() - this.#attachedAt,
      slotsUnproved: this.#unproved,
    });
  }

  /** Where the other gateways are reached. */
  addresses(): readonly string[] {
    const own = this.#parts.hello.gateway;
    const others = (this.#view?.gateways ?? []).filter(({ gateway }) => gateway !== own);
    return others.map(({ address }) => address);
  }

  /** What keeps this gateway from the others. */
  get trouble(): string | null {
    if (this.#databaseTrouble !== null) return `the database is away: ${this.#databaseTrouble}`;
    if (this.member.refusal !== null) return `the keeper refuses it: ${this.member.refusal}`;
    return this.#way.trouble;
  }

  start(): void {
    const { network, hello } = this.#parts;
    this.#ends.push(
      network.accept(
        () => hello,
        (connection) => this.#accept(connection),
      ),
    );
    this.#beat();
    void this.#look();
  }

  /** Leaves the line to another gateway, if one is there that does not stop too. What runs goes on. */
  async leave(): Promise<void> {
    this.#candidacy.leave();
    const others = (this.#view?.gateways.length ?? 0) > 1;
    if (this.#desk === null || !others) return;
    // Before the question: a renewal that is on its way would give the lease back.
    this.#stepDown();
    await this.#resign();
  }

  /** Says goodbye: this gateway runs nothing any more. */
  async close(): Promise<void> {
    this.#candidacy.leave();
    this.#isOver = true;
    const wasKeeper = this.#desk !== null;
    this.member.bye();
    this.#stepDown();
    for (const end of this.#ends.splice(0)) end();
    const { election, hello } = this.#parts;
    if (wasKeeper) await this.#resign();
    // What cannot be said now, a keeper finds out.
    await election.forget([hello.gateway]).catch(() => {});
  }

  async #resign(): Promise<void> {
    const { election, hello } = this.#parts;
    // Its lease ends by itself.
    await election.resign(hello.gateway).catch(() => {});
  }

  #hasDatabase(): boolean {
    return this.#databaseTrouble === null;
  }

  /** The short clock: beats, ends of leases, evidence. */
  #beat(): void {
    if (this.#isOver) return;
    this.#after(this.#parts.times.beat, () => this.#beat());
    this.member.beat();
    this.#desk?.tick();
    const isAttached = this.member.attachedTo !== null;
    const now = this.#parts.clock.now();
    if (isAttached) this.#attachedAt = now;
    else if (now - this.#attachedAt > waitsMs) this.member.keeper.sendAway(noKeeper(this.trouble));
    this.#tellTrouble(isAttached, this.trouble);
  }

  #after(ms: number, act: () => void): void {
    const cancel = this.#parts.clock.later(ms, () => {
      this.#ends = this.#ends.filter((one) => one !== cancel);
      act();
    });
    this.#ends.push(cancel);
  }

  /** The long clock: asks the database, one question after the other. */
  async #look(): Promise<void> {
    const { times, explain } = this.#parts;
    try {
      await this.#lookOnce();
      this.#databaseTrouble = null;
    } catch (error) {
      this.#databaseTrouble = explain(error);
      this.#follow();
    }
    if (this.#isOver) return;
    const isSettled = this.member.attachedTo !== null;
    this.#after(isSettled ? times.look : times.look / 2, () => void this.#look());
  }

  async #lookOnce(): Promise<void> {
    const { election, hello, network, clock } = this.#parts;
    const self = { gateway: hello.gateway, address: network.address };
    const from = momentOf(clock);
    if (this.#desk !== null) await this.#renew(this.#desk, self, from);
    const view = await election.look();
    if (this.#isOver) return;
    this.#view = view;
    const isHere = view.gateways.some(({ gateway }) => gateway === hello.gateway);
    await this.#row.keep(self, isHere, this.#way.mayTry);
    if (!this.#row.isEntered) return;
    if (isHere) this.#desk?.look(view.gateways);
    const { keeper } = view;
    const isFree = keeper === null || keeper.lapsed;
    this.#candidacy.saw(isFree);
    if (this.#desk !== null) this.#way.toOwn(this.#desk);
    else if (isFree) await this.#campaign(self);
    else this.#way.to(keeper);
  }

  /** Its lease counts from before the question. */
  async #renew(desk: KeeperDesk, self: { gateway: string; address: string }, from: Moment) {
    const term = await this.#parts.election.campaign(self);
    if (desk !== this.#desk) return;
    if (term !== desk.term) this.#stepDown();
    else {
      const hadLease = this.#lease.holds;
      this.#lease.extend(from);
      if (!hadLease) this.#parts.lines.reconsider();
    }
  }

  /** Whether it takes the lease that nobody has. */
  get #stands(): boolean {
    const { keeper, gateways } = this.#view ?? { keeper: null, gateways: [] };
    const isStranger = keeper !== null && this.member.welcomedIn < keeper.term;
    return this.#candidacy.stands(isStranger && gateways.length > 1);
  }

  async #campaign(self: { gateway: string; address: string }): Promise<void> {
    if (!this.#row.isEntered || !this.#stands) return;
    const { election, events, clock } = this.#parts;
    const from = momentOf(clock);
    const term = await election.campaign(self);
    if (term === null || this.#isOver || !this.#stands) return;
    this.#lease.end();
    this.#lease.extend(from);
    // The keeper before, if it still is there, may have lost the database only.
    this.member.tellNewer({ holder: self.gateway, address: self.address, term });
    const desk = openDesk(this.#parts, term, {
      hasLease: () => this.#lease.holds,
      hasDatabase: () => this.#hasDatabase(),
      onNewer: (newer) => this.#heardOf(newer),
      onUnproved: (slots) => {
        this.#unproved += slots;
      },
    });
    this.#desk = desk;
    events.elected(term);
    const view = await election.look();
    if (desk !== this.#desk) return;
    this.#view = view;
    desk.look(view.gateways);
    this.#way.toOwn(desk);
  }

  #accept(connection: Connection): Listener {
    if (this.#desk !== null) return this.#desk.accept(connection);
    connection.send(oneInTerm(0, ["not here", null]));
    connection.destroy();
    return { said: () => {}, closed: () => {} };
  }

  #heardOf(newer: NewerKeeper): void {
    if (newer.term > (this.#heard?.term ?? 0)) this.#heard = newer;
    if (this.#desk !== null && newer.term > this.#desk.term) this.#stepDown(newer);
    this.#follow();
  }

  /** Goes to the latest keeper that it knows of, without asking the database. */
  #follow(): void {
    if (this.#desk !== null || this.#isOver) return;
    const row = this.#view?.keeper ?? null;
    const isRowLatest = row !== null && row.term >= (this.#heard?.term ?? 0);
    const latest = isRowLatest ? row : this.#heard;
    if (latest !== null) this.#way.to(latest);
  }

  #stepDown(newer: NewerKeeper | null = null): void {
    const desk = this.#desk;
    if (desk === null) return;
    this.#desk = null;
    this.#lease.end();
    desk.stepDown(newer);
    this.#parts.events.steppedDown(desk.term);
  }
}
