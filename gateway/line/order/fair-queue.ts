import { Roster, type RosterView } from "../../roster.ts";
import { Gate, type GateRules } from "../gate/gate.ts";
import type { Group } from "../gate/group.ts";
import { Groups } from "./groups.ts";
import { append, createLane, type Lane, unlink } from "./lane.ts";
import { createEntry, type LineEntry, type LineRequest, leastMs } from "./line-entry.ts";
import { type Caps, holds, isCapped, letsGo, type Share, Shares } from "./share.ts";

export type FairRules = GateRules &
  Caps & {
    /** Waiting this long raises a request by one class; null: never. Default 60 000. */
    agingMs?: number | null;
  };

/**
 * Who is next: start-time fair queueing over users, by the upstream's time they have used
 * (DESIGN.md beside this file has the algorithm, its source and its invariants). It knows nothing
 * of slots: ask `next` when there is one. Times are milliseconds, handed in. Every operation is
 * O(log n), times the few models that have rules of their own.
 */
export class FairQueue {
  readonly #rules: FairRules;
  readonly #shares: Shares;
  readonly #gate: Gate;
  readonly #groups: Groups;
  readonly #waiting = new Roster<LineEntry>();
  readonly #running = new Roster<LineEntry>();
  #arrivals = 0;
  #startedMs = 0;
  /** The answer of `next`, until something changes. */
  #next: LineEntry | null | undefined;

  constructor(rules: FairRules, from?: { shares: Shares; gate: Gate }) {
    this.#rules = rules;
    this.#groups = new Groups(rules.agingMs === undefined ? 60_000 : (rules.agingMs ?? Infinity));
    this.#shares = from?.shares ?? new Shares(rules);
    const waits = (group: Group): boolean => this.#groups.has(group);
    this.#gate = from?.gate.copy(waits) ?? new Gate(rules, waits);
  }

  /** By id, in the order of arrival. */
  get waiting(): RosterView<LineEntry> {
    return this.#waiting;
  }

  /** By id, in the order of their starts. */
  get running(): RosterView<LineEntry> {
    return this.#running;
  }

  /** What all starts so far were charged, together. */
  get startedMs(): number {
    return this.#startedMs;
  }

  /** The slots are counted here, by upstream; else whoever starts them counts. */
  get isPool(): boolean {
    return this.#rules.upstreams !== undefined;
  }

  get shares(): Shares {
    return this.#shares;
  }

  /** The entry whose turn it is and that may start now; null for none. */
  next(now: number): LineEntry | null {
    if (this.#next === undefined) {
      this.#next = this.#groups.first(now, (group) => this.#gate.isOpen(group, now))?.head ?? null;
    }
    return this.#next;
  }

  /** An upstream of a pool has so many slots now; those held stay held. */
  setCapacity(upstream: string, capacity: number): void {
    this.#gate.setCapacity(upstream, capacity);
    this.#next = undefined;
  }

  /** Forgets the answer of `next`: a rule may have changed, or time passed. */
  reconsider(): void {
    this.#next = undefined;
  }

  /** Whether a user of whom nothing waits could start this now, if `next` has nobody. */
  admits(request: LineRequest, now: number): boolean {
    const share = this.#shares.for(request);
    if (share.waiting > 0 || isCapped(share)) return false;
    return this.#gate.isOpen(this.#gate.groupOf(request), now);
  }

  /** Its id must not be here already. */
  add(entry: LineEntry, now: number): void {
    const share = this.#shares.for(entry.request);
    if (share.waiting === 0) this.#shares.enter(share);
    this.#append(share, entry, now);
  }

  #append(share: Share, entry: LineEntry, now: number): void {
    const { request, priority } = entry;
    share.waiting++;
    entry.seq = this.#arrivals++;
    entry.joinedAt = now;
    this.#waiting.set(request.id, entry);
    const group = this.#gate.groupOf(request);
    const lane = share.lanes.find((each) => each.priority === priority && each.group === group);
    if (lane === undefined) this.#openLane(share, entry, group);
    else append(lane, entry);
    this.#park(share);
    this.#next = undefined;
  }

  /** Takes a waiting entry out; true when it was here. */
  remove(id: string): boolean {
    const entry = this.#waiting.get(id);
    if (entry === undefined || entry.lane === null) return false;
    this.#takeOut(entry, entry.lane);
    entry.state = "gone";
    this.#restWhenIdle();
    return true;
  }

  /** Starts a waiting entry; its user is charged `estimateMs` until the true time is known. */
  start(entry: LineEntry, now: number, estimateMs: number): void {
    const { lane, request } = entry;
    if (lane === null) return;
    const { share, group } = lane;
    const fairest = this.#groups.size > 1 ? this.#groups.first(now, () => true) : null;
    // Before it leaves its lane: a box may be reserved for those who wait, and for nobody else.
    const { upstream, isSwap } = this.#gate.start(group, request, now, fairest?.group);
    this.#takeOut(entry, lane);
    entry.upstream = upstream;
    entry.isSwap = isSwap;
    this.#running.set(request.id, entry);
    entry.state = "running";
    entry.startedAt = now;
    entry.chargedMs = Math.max(leastMs, estimateMs);
    this.#startedMs += entry.chargedMs;
    this.#shares.advanceTo(share);
    this.#charge(share, entry.chargedMs / entry.weight);
    holds(share, entry);
    this.#park(share);
  }

  /** Ends a running entry, and corrects what it was charged by the time its slot was held. */
  end(id: string, now: number): void {
    const entry = this.#running.get(id);
    if (entry === undefined) return;
    this.#running.delete(id);
    entry.state = "gone";
    this.#gate.end(entry.request, entry.upstream);
    const share = this.#shares.of(entry.request.user);
    if (share !== undefined) {
      letsGo(share, entry);
      const usedMs = Math.max(leastMs, now - entry.startedAt);
      this.#charge(share, (usedMs - entry.chargedMs) / entry.weight);
      this.#park(share);
    }
    this.#next = undefined;
    this.#restWhenIdle();
  }

  /** The same line, to be run ahead: every entry is a new one, with the ask of its original. */
  copy(): FairQueue {
    const copy = new FairQueue(this.#rules, { shares: this.#shares.copy(), gate: this.#gate });
    for (const each of this.#running.values()) {
      const { request, startedAt, chargedMs, upstream } = each;
      const running = { state: "running", startedAt, chargedMs, upstream } as const;
      const entry = Object.assign(createEntry(request, each.estimateMs), running);
      copy.#running.set(request.id, entry);
      holds(copy.#shares.for(request), entry);
    }
    for (const { request, estimateMs, joinedAt } of this.#waiting.values()) {
      copy.#append(copy.#shares.for(request), createEntry(request, estimateMs), joinedAt);
    }
    return copy;
  }

  #openLane(share: Share, entry: LineEntry, group: Group): void {
    const lane = createLane(share, entry.priority, group);
    append(lane, entry);
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

  /** All lanes of the user change together, so all are out of their heaps while they do. */
  #charge(share: Share, ms: number): void {
    for (const lane of share.lanes) lane.turns?.lift(lane);
    share.turn = Math.max(share.from, share.turn + ms);
    for (const lane of share.lanes) lane.turns?.putBack(lane);
  }

  /** A user at the cap stands aside, and counts as away: they come back at the present. */
  #park(share: Share): void {
    const capped = isCapped(share);
    if (capped === share.parked) return;
    share.parked = capped;
    if (!capped) this.#shares.enter(share);
    for (const lane of share.lanes) {
      if (capped) this.#leaveGroup(lane);
      else this.#groups.add(lane);
    }
  }

  #restWhenIdle(): void {
    if (this.#waiting.size === 0 && this.#running.size === 0) this.#shares.clear();
  }
}
