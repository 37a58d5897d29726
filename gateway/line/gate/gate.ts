import type { LineRequest } from "../order/line-entry.ts";
import type { Box } from "./box.ts";
import type { GateMember } from "./gate-member.ts";
import type { GateMembers, Group, HeldGroup, MemberSeat } from "./group.ts";
import { HeldGroups } from "./held-groups.ts";
import { ModelMembers } from "./model-members.ts";
import { PoolMembers } from "./pool-members.ts";
import type { PoolUpstream } from "./seat.ts";
import { isAtCap, type Team, Teams } from "./teams.ts";

export type GateRules = {
  /**
   * The upstreams of a pool, each with its slots. Absent: there is one upstream, and the line
   * counts its slots.
   */
  upstreams?: readonly PoolUpstream[];
  /** Whether an upstream is healthy and not draining. Call `reconsider` when the answer changes. */
  usable?: (upstream: string) => boolean;
  /** How many requests for a model fill its box alone. Null: as many as there are slots. */
  modelCapacity?: (model: string) => number | null;
  /**
   * The box that a model shares with others on the only upstream; null: none. In a pool the
   * upstreams name their boxes.
   */
  boxOf?: (model: string) => string | null;
  /** Each upstream holds one model at a time. */
  exclusiveModels?: boolean;
  /** How long others that fit may start before a fairer request. Default 30 000. */
  maxUnfairnessMs?: number;
};

/** Where a request has started, and whether another model had to make room for it. */
export type Started = { upstream: string; isSwap: boolean };

const anywhere: Started = { upstream: "", isSwap: false };

/**
 * Decides which request may start now, and where: by members, boxes, tiers, one model at a time,
 * and the caps of teams.
 */
export class Gate {
  readonly #rules: GateRules;
  readonly #members: GateMembers;
  readonly #waits: (group: Group) => boolean;
  readonly #groups = new HeldGroups();
  /** What is here of each team; the queue counts. */
  readonly teams: Teams;

  /** `waits`: whether a request of this group could start now if the gate let it. */
  constructor(
    rules: GateRules,
    waits: (group: Group) => boolean,
    members: GateMembers = membersOf(rules),
    teams: Teams = new Teams(),
  ) {
    this.#rules = rules;
    this.#waits = waits;
    this.#members = members;
    this.teams = teams;
  }

  groupOf(request: LineRequest): Group {
    const rule = this.#members.keyOf(request);
    const team = this.teams.for(request.team);
    if (rule === null && team === null) return null;
    const key = groupKey(rule, team);
    const held = this.#groups.of(key);
    if (held !== undefined) return held;
    const tiers = rule === null ? [] : this.#members.tiersOf(request);
    return { key, rule, team, model: request.model, tiers, lanes: 0 };
  }

  /**
   * Counts a new lane of this group. Until the last one goes, `groupOf` returns the same object.
   */
  keep(group: Group): void {
    this.#groups.keep(group);
  }

  drop(group: Group): void {
    this.#groups.drop(group);
    if (group !== null) this.#rest(group.rule, group.model);
  }

  isOpen(group: Group, now: number): boolean {
    if (group === null) return true;
    if (isAtCap(group.team)) return false;
    return group.rule === null || this.#best(group, null, now) !== null;
  }

  /** Whether the cap of its team holds a group back, whatever is free. */
  isAtTeamCap(group: Group): boolean {
    return group !== null && isAtCap(group.team);
  }

  /** What holds a group back: its upstreams are down, another model is loaded there, or no slot. */
  obstacleOf(group: Group, now: number): "slot" | "model" | "upstream" {
    if (group === null || group.rule === null || isAtCap(group.team)) return "slot";
    const { usable } = this.#rules;
    const seats = this.#eligible(group);
    if (usable !== undefined && seats.every(({ member }) => !usable(member.name)))
      return "upstream";
    const isFull = seats.every((seat) => !seat.member.hasSlot || this.#isFree(group, seat, now));
    return isFull ? "slot" : "model";
  }

  /** Takes the best free seat. `fairest`: the group that was next by fairness. */
  start(group: Group, request: LineRequest, now: number, fairest: Group = group): Started {
    if (group === null || group.rule === null) return anywhere;
    const opening = this.#best(group, request.prefers ?? null, now) ?? this.#leftOver(group, now);
    this.forget(group);
    if (opening === undefined) return anywhere;
    const { member, there } = opening;
    if (fairest !== null && fairest !== group) this.#passOver(fairest, member.box, now);
    const isSwap = member.start(request.model, there);
    return { upstream: member.name, isSwap };
  }

  /**
   * Counts a request that already runs at this upstream, whatever the rules say.
   * @throws Error if the pool has no upstream of that name
   */
  adopt(request: LineRequest, upstream: string): void {
    const seat = this.#members.seatAt(request, upstream);
    seat?.member.adopt(request.model, seat.there);
    this.teams.for(request.team);
    this.teams.started(request.team);
  }

  end(request: LineRequest, upstream: string): void {
    const member = this.#members.at(request, upstream);
    if (member === null) return;
    member.end(request.model);
    if (member.isIdle) this.#rest(this.#members.keyOf(request), request.model);
  }

  /** Call it when a request of this group has started, or none of it waits any more. */
  forget(group: Group): void {
    for (const tier of group?.tiers ?? []) {
      for (const { member } of tier) if (group !== null) member.box.forget(group.key);
    }
  }

  setCapacity(upstream: string, capacity: number): void {
    this.#members.setCapacity(upstream, capacity);
  }

  copy(waits: (group: Group) => boolean): Gate {
    return new Gate(this.#rules, waits, this.#members.copy(), this.teams.copy());
  }

  /** Forgets a model that no request waits for. */
  #rest(rule: string | null, model: string): void {
    if (rule !== null && !this.#groups.hasRule(rule)) this.#members.forget(model);
  }

  /** Another request starts in `box`, where this group could have started one. */
  #passOver(group: HeldGroup, box: Box, now: number): void {
    // If it only lacks a slot, it starts as soon as one is free.
    const isPassed = this.#eligible(group).some(({ member }) => {
      return member.box === box && member.hasSlot;
    });
    if (isPassed) box.passedOver(group.key, now);
  }

  /**
   * The seats of the lowest tier with a usable upstream. If no upstream is usable, those of the
   * first tier: then one of them is tried, and the client gets the true error.
   */
  #eligible({ tiers }: HeldGroup): readonly MemberSeat[] {
    const { usable, upstreams } = this.#rules;
    if (usable === undefined || upstreams === undefined) return tiers[0] ?? [];
    for (const tier of tiers) {
      const up = tier.filter(({ member }) => usable(member.name));
      if (up.length > 0) return up;
    }
    return tiers[0] ?? [];
  }

  /**
   * The best free seat: one that needs no load, then the preferred one, then the least loaded, then
   * the first.
   */
  #best(group: HeldGroup, prefers: string | null, now: number): MemberSeat | null {
    let best: MemberSeat | null = null;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const opening of this.#eligible(group)) {
      if (!this.#isFree(group, opening, now)) continue;
      const { member, there } = opening;
      const needsLoad = member.exclusive && member.loaded !== there;
      // A load is a part of 1 divided by a weight, so it never comes near 1e9.
      const rank = (needsLoad ? 1e9 : 0) + (member.name === prefers ? -1 : member.load);
      if (best === null || rank < bestRank) [best, bestRank] = [opening, rank];
    }
    return best;
  }

  /** For a request that was next while its upstream was usable, and starts when it no longer is. */
  #leftOver(group: HeldGroup, now: number): MemberSeat | undefined {
    const all = group.tiers.flat();
    return all.find((opening) => this.#isFree(group, opening, now)) ?? all[0];
  }

  #isFree(group: HeldGroup, { member, there }: MemberSeat, now: number): boolean {
    if (!member.hasSlot) return false;
    const { box } = member;
    const reservedFor = box.reservedFor(now, this.#rules.maxUnfairnessMs ?? 30_000, (key) => {
      return this.#isWanted(this.#groups.of(key), ({ member: at }) => at.box === box);
    });
    if (reservedFor !== null && reservedFor !== group.key) return false;
    if (member.exclusive && !this.#mayHold(member, there, reservedFor !== null)) return false;
    return box.hasRoomFor(member.costOf(group.model));
  }

  /**
   * Running requests must end before another model is loaded, and waiting requests for the loaded
   * model go first.
   */
  #mayHold(member: GateMember, there: string, isReserved: boolean): boolean {
    const { loaded } = member;
    if (member.isMixed) return false;
    if (loaded === null || loaded === there) return true;
    if (!member.isIdle) return false;
    if (isReserved) return true;
    for (const group of this.#groups.wanting(member, loaded)) {
      if (this.#isWanted(group, (at) => at.member === member)) return false;
    }
    return true;
  }

  /**
   * Nothing is reserved for a group that a cap of its users holds back, or that never fits: that would
   * stop all others.
   */
  #isWanted(group: HeldGroup | undefined, where: (opening: MemberSeat) => boolean): boolean {
    if (group === undefined || isAtCap(group.team) || !this.#waits(group)) return false;
    return this.#eligible(group).some((opening) => {
      const { member } = opening;
      return where(opening) && member.capacity > 0 && member.costOf(group.model) <= 1;
    });
  }
}

/** Rules are made of names that clients choose, so the first character keeps both forms apart. */
function groupKey(rule: string | null, team: Team | null): string {
  if (team !== null) return `+${JSON.stringify([team.id, rule])}`;
  const text = rule ?? "";
  return text.startsWith("+") || text.startsWith("-") ? `-${text}` : text;
}

function membersOf(rules: GateRules): GateMembers {
  const { upstreams, exclusiveModels = false } = rules;
  const capacityOf = rules.modelCapacity ?? ((): null => null);
  const boxOf = rules.boxOf ?? ((): null => null);
  if (upstreams === undefined) {
    return new ModelMembers({ capacityOf, boxOf, exclusive: exclusiveModels });
  }
  return new PoolMembers({ upstreams, capacityOf, exclusive: exclusiveModels });
}
