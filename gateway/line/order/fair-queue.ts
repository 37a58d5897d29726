import { Roster, type RosterView } from "../../roster.ts";
import { Gate, type GateRules } from "../gate/gate.ts";
import type { Group } from "../gate/group.ts";
import { Groups } from "./groups.ts";
import { append, createLane, type Lane, unlink } from "./lane.ts";
import { createEntry, type LineEntry, type LineRequest, leastMs } from "./line-entry.ts";
import type { Session } from "./sessions.ts";
import { type Caps, holds, isCapped, letsGo, type Share, Shares } from "./share.ts";

export type FairRules = GateRules &
  Caps & {
    /** A wait of this length raises a request by one class. Null: never. Default 60 000. */
    agingMs?: number | null;
  };

/**
 * Decides which request is next: start-time fair queueing over users, by the upstream time that
 * they have used (../DESIGN.md has the algorithm, its source and its invariants). It knows no
 * slots: call `next` when one is free. The caller passes the time in milliseconds. Every operation
 * is O(log n), times the few models with rules of their own.
 */
export class FairQueue {
  readonly #rules: FairRules;
  readonly shares: Shares;
  readonly #gate: Gate;
  readonly #groups: Groups;
  readonly #waiting = new Roster<LineEntry>();
  readonly #running = new Roster<LineEntry>();
  /** By id, in the order of arrival. */
  readonly waiting: RosterView<LineEntry> = this.#waiting;
  /** By id, in the order in which the line counted their starts. */
  readonly running: RosterView<LineEntry> = this.#running;
  #arrivals = 0;
  #startedMs = 0;
  /** The answer of `next`. Undefined after a change. */
  #next: LineEntry | null | undefined;

  constructor(rules: FairRules, from?: { shares: Shares; gate: Gate }) {
    this.#rules = rules;
    this.#groups = new Groups(rules.agingMs === undefined ? 60_000 : (rules.agingMs ?? Infinity));
    this.shares = from?.shares ?? new Shares(rules);
    const waits = (group: Group): boolean => this.#groups.has(group);
    this.#gate = from?.gate.copy(waits) ?? new Gate(rules, waits);
  }

  /** The sum of the charges of all starts so far. */
  get startedMs(): number {
    return this.#startedMs;
  }

  /** True if the slots are counted here, by upstream. Otherwise the caller counts them. */
  get isPool(): boolean {
    return this.#rules.upstreams !== undefined;
  }

  /** How many requests of a team wait. */
  waitingOfTeam(id: string): number {
    return this.#gate.teams.waitingOf(id);
  }

  /** The entry that is next and may start now; null if there is none. */
  next(now: number): LineEntry | null {
    if (this.#next === undefined) {
      this.#next = this.#groups.first(now, (group) => this.#gate.isOpen(group, now))?.head ?? null;
    }
    return this.#next;
  }

  /** Sets the slots of an upstream of a pool. Running requests keep their slots. */
  setCapacity(upstream: string, capacity: number): void {
    this.#gate.setCapacity(upstream, capacity);
    this.#next = undefined;
  }

  /** Forgets the answer of `next`, because a rule may have changed or time has passed. */
  reconsider(): void {
    this.#next = undefined;
  }

  /** Whether this request could start now, if `next` is null and nothing of its user waits. */
  admits(request: LineRequest, now: number): boolean {
    const share = this.shares.for(request);
    if (share.waiting > 0 || isCapped(share)) return false;
    return this.#gate.isOpen(this.#gate.groupOf(request), now);
  }

  /** What requests of a group wait for now. */
  obstacleOf(group: Group, now: number): "slot" | "model" | "upstream" {
    return this.#gate.obstacleOf(group, now);
  }

  /** The id must be new. */
  add(entry: LineEntry, now: number): void {
    const share = this.shares.for(entry.request);
    if (share.waiting === 0) this.shares.enter(share);
    this.#append(share, entry, now - (entry.request.waitedMs ?? 0));
  }

  #append(share: Share, entry: LineEntry, joinedAt: number): void {
    const { request, priority } = entry;
    share.waiting++;
    this.#gate.teams.joined(request.team);
    entry.seq = this.#arrivals++;
    entry.joinedAt = joinedAt;
    this.#waiting.set(request.id, entry);
    const group = this.#gate.groupOf(request);
    const session = share.sessions.enter(request.session ?? "");
    entry.session = session;
    const lane = share.lanes.find((each) => {
      return each.priority === priority && each.group === group && each.session === session;
    });
    if (lane === undefined) this.#openLane(share, entry, group, session);
    else {
      append(lane, entry);
      // A streamed request may have taken the head of a lane of such that are not.
      if (lane.head === entry) lane.turns?.headChanged(lane);
    }
    this.#park(share);
    this.#next = undefined;
  }

  /** Removes a waiting entry. True if it was here. */
  remove(id: string): boolean {
    const entry = this.#waiting.get(id);
    if (entry === undefined || entry.lane === null) return false;
    const { share } = entry.lane;
    this.#takeOut(entry, entry.lane);
    entry.state = "gone";
    if (entry.session !== null) share.sessions.leave(entry.session);
    this.#restWhenIdle();
    return true;
  }

  /** Starts a waiting entry. Its user is charged `estimateMs` until the true time is known. */
  start(entry: LineEntry, now: number, estimateMs: number): void {
    const { lane, request } = entry;
    if (lane === null) return;
    const { share, group } = lane;
    const fairest = this.#groups.size > 1 ? this.#fairest(now) : null;
    // Before it leaves its lane, because a box is reserved only for waiting requests.
    const { upstream, isSwap } = this.#gate.start(group, request, now, fairest?.group);
    // Before it leaves its lane too: a team without requests is forgotten.
    this.#gate.teams.started(request.team);
    this.#takeOut(entry, lane);
    entry.upstream = upstream;
    entry.isSwap = isSwap;
    if (request.team !== undefined) this.#comeBack(share);
    this.shares.advanceTo(share);
    if (entry.session !== null) share.sessions.started(entry.session);
    this.#run(share, entry, now, estimateMs);
  }

  /**
   * Counts a new entry that already runs at this upstream, whatever caps and gate say. The present
   * stays: this start is not the line's, and may be of a user far from the front.
   * @throws Error if the pool has no upstream of that name
   */
  adopt(entry: LineEntry, upstream: string, now: number, estimateMs: number): void {
    const { request } = entry;
    this.#gate.adopt(request, upstream);
    const share = this.shares.for(request);
    if (share.waiting === 0) this.shares.enter(share);
    entry.session = share.sessions.enter(request.session ?? "");
    entry.upstream = this.isPool ? upstream : "";
    const startedAt = now - (request.ranMs ?? 0);
    entry.joinedAt = startedAt - (request.waitedMs ?? 0);
    this.#run(share, entry, startedAt, estimateMs);
    this.#next = undefined;
  }

  #run(share: Share, entry: LineEntry, startedAt: number, estimateMs: number): void {
    this.#running.set(entry.request.id, entry);
    entry.state = "running";
    entry.startedAt = startedAt;
    entry.chargedMs = Math.max(leastMs, estimateMs);
    this.#startedMs += entry.chargedMs;
    this.#charge(share, entry, entry.chargedMs);
    holds(share, entry);
    this.#park(share);
  }

  /** Ends a running entry, and corrects its charge to the time that it held its slot. */
  end(id: string, now: number): void {
    const entry = this.#running.get(id);
    if (entry === undefined) return;
    this.#running.delete(id);
    entry.state = "gone";
    this.#gate.end(entry.request, entry.upstream);
    this.#gate.teams.ended(entry.request.team);
    const share = this.shares.of(entry.request.user);
    if (share !== undefined) {
      letsGo(share, entry);
      const usedMs = Math.max(leastMs, now - entry.startedAt);
      this.#charge(share, entry, usedMs - entry.chargedMs);
      if (entry.session !== null) share.sessions.leave(entry.session);
      this.#park(share);
    }
    this.#next = undefined;
    this.#restWhenIdle();
  }

  /**
   * A copy of the line, to run it ahead. Every entry is new and has the request of its original.
   */
  copy(): FairQueue {
    const copy = new FairQueue(this.#rules, { shares: this.shares.copy(), gate: this.#gate });
    for (const each of this.#running.values()) {
      const { request, startedAt, chargedMs, upstream } = each;
      const running = { state: "running", startedAt, chargedMs, upstream } as const;
      const entry = Object.assign(createEntry(request, each.estimateMs), running);
      copy.#running.set(request.id, entry);
      const share = copy.shares.for(request);
      entry.session = share.sessions.enter(each.session?.name ?? "");
      holds(share, entry);
    }
    for (const { request, estimateMs, joinedAt } of this.#waiting.values()) {
      copy.#append(copy.shares.for(request), createEntry(request, estimateMs), joinedAt);
    }
    return copy;
  }

  #openLane(share: Share, entry: LineEntry, group: Group, session: Session): void {
    const lane = createLane(share, entry.priority, group, session);
    append(lane, entry);
    if (share.lanes.length === 0) share.sessions.base = session.turn;
    share.lanes.push(lane);
    this.#gate.keep(group);
    if (!share.parked) this.#groups.add(lane);
  }

  #takeOut(entry: LineEntry, lane: Lane): void {
    const { share } = lane;
    const wasHead = lane.head === entry;
    unlink(lane, entry);
    this.#waiting.delete(entry.request.id);
    share.waiting--;
    this.#gate.teams.unwaited(entry.request.team);
    this.#next = undefined;
    if (lane.head === null) {
      share.lanes.splice(share.lanes.indexOf(lane), 1);
      if (!share.parked) this.#leaveGroup(lane);
      this.#gate.drop(lane.group);
    } else if (wasHead) lane.turns?.headChanged(lane);
  }

  #leaveGroup(lane: Lane): void {
    if (this.#groups.remove(lane)) this.#gate.forget(lane.group);
  }

  /** All lanes of the user change together, so all are out of their heaps meanwhile. */
  #charge(share: Share, { weight, session }: LineEntry, ms: number): void {
    for (const lane of share.lanes) lane.turns?.lift(lane);
    share.turn = Math.max(share.from, share.turn + ms / weight);
    if (session !== null) session.turn = Math.max(0, session.turn + ms);
    share.sessions.settle(share.lanes);
    for (const lane of share.lanes) lane.turns?.putBack(lane);
  }

  /**
   * The lanes of a user at the cap stand aside. The user counts as away and comes back at the
   * present.
   */
  #park(share: Share): void {
    const capped = isCapped(share);
    if (capped === share.parked) return;
    share.parked = capped;
    if (!capped) this.shares.enter(share);
    for (const lane of share.lanes) {
      if (capped) this.#leaveGroup(lane);
      else this.#groups.add(lane);
    }
  }

  /** The lane that would be next if there were room for it, caps aside. */
  #fairest(now: number): Lane | null {
    return this.#groups.first(now, (group) => !this.#gate.isAtTeamCap(group));
  }

  /**
   * While a team was at its cap others went on, and the user stayed behind the present. A cap is
   * not a debt of the others, and a member of the team who came meanwhile must not wait for it.
   */
  #comeBack(share: Share): void {
    for (const lane of share.lanes) lane.turns?.lift(lane);
    this.shares.enter(share);
    for (const lane of share.lanes) lane.turns?.putBack(lane);
  }

  #restWhenIdle(): void {
    if (this.#waiting.size === 0 && this.#running.size === 0) this.shares.clear();
  }
}
