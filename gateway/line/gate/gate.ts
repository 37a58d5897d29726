import type { LineRequest } from "../order/line-entry.ts";
import type { Box } from "./box.ts";
import type { GateMember } from "./gate-member.ts";
import type { GateMembers, Group, HeldGroup, MemberSeat } from "./group.ts";
import { HeldGroups } from "./held-groups.ts";
import { ModelMembers } from "./model-members.ts";
import { PoolMembers } from "./pool-members.ts";
import type { PoolUpstream } from "./seat.ts";

export type GateRules = {
  /**
   * The upstreams of a pool, each with its slots. Absent: one upstream, whose slots the line
   * counts.
   */
  upstreams?: readonly PoolUpstream[];
  /** Healthy, and not draining. It may change; then `reconsider` is called. */
  usable?: (upstream: string) => boolean;
  /** How many generations of a model fill its box alone; null: as many as there are slots. */
  modelCapacity?: (model: string) => number | null;
  /**
   * The box a model shares with others on the one upstream; null: none. Pools name boxes by
   * upstream.
   */
  boxOf?: (model: string) => string | null;
  /** Each upstream holds one model at a time. */
  exclusiveModels?: boolean;
  /** How long a fairer request may be passed over by others that fit. Default 30 000. */
  maxUnfairnessMs?: number;
};

/** Where something has started, and whether another model had to give way for it. */
export type Started = { upstream: string; isSwap: boolean };

const anywhere: Started = { upstream: "", isSwap: false };

/** Who may start now, and where: members, boxes, tiers, and one model at a time. */
export class Gate {
  readonly #rules: GateRules;
  readonly #members: GateMembers;
  readonly #waits: (group: Group) => boolean;
  readonly #groups = new HeldGroups();

  /** `waits`: whether anything of this group could go now but for the gate. */
  constructor(rules: GateRules, waits: (group: Group) => boolean, members?: GateMembers) {
    this.#rules = rules;
    this.#waits = waits;
    this.#members = members ?? membersOf(rules);
  }

  groupOf(request: LineRequest): Group {
    const key = this.#members.keyOf(request);
    if (key === null) return null;
    const held = this.#groups.of(key);
    return held ?? { key, model: request.model, tiers: this.#members.tiersOf(request), lanes: 0 };
  }

  /** A lane of this group has come. Until the last one goes, `groupOf` gives the same object. */
  keep(group: Group): void {
    this.#groups.keep(group);
  }

  drop(group: Group): void {
    this.#groups.drop(group);
    if (group !== null) this.#rest(group.key, group.model);
  }

  isOpen(group: Group, now: number): boolean {
    return group === null || this.#best(group, null, now) !== null;
  }

  /** Takes the best seat there is. `fairest` is the group whose turn it would have been. */
  start(group: Group, request: LineRequest, now: number, fairest: Group = group): Started {
    if (group === null) return anywhere;
    const opening = this.#best(group, request.prefers ?? null, now) ?? this.#leftOver(group, now);
    this.forget(group);
    if (opening === undefined) return anywhere;
    const { member, there } = opening;
    if (fairest !== null && fairest !== group) this.#passOver(fairest, member.box, now);
    const isSwap = member.start(request.model, there);
    return { upstream: member.name, isSwap };
  }

  end(request: LineRequest, upstream: string): void {
    const member = this.#members.at(request, upstream);
    if (member === null) return;
    member.end(request.model);
    if (member.isIdle) this.#rest(this.#members.keyOf(request), request.model);
  }

  /** One of this group has started, or none of it could go any more. */
  forget(group: Group): void {
    for (const tier of group?.tiers ?? []) {
      for (const { member } of tier) if (group !== null) member.box.forget(group.key);
    }
  }

  setCapacity(upstream: string, capacity: number): void {
    this.#members.setCapacity(upstream, capacity);
  }

  copy(waits: (group: Group) => boolean): Gate {
    return new Gate(this.#rules, waits, this.#members.copy());
  }

  /** Of what nobody waits for nothing needs to be known. */
  #rest(key: string | null, model: string): void {
    if (key !== null && this.#groups.of(key) === undefined) this.#members.forget(model);
  }

  /** Something else starts in `box`, where this group might have. */
  #passOver(group: HeldGroup, box: Box, now: number): void {
    // Where it is slots that it lacks, its turn comes as soon as one is free.
    const isPassed = this.#eligible(group).some(({ member }) => {
      return member.box === box && member.hasSlot;
    });
    if (isPassed) box.passedOver(group.key, now);
  }

  /**
   * Those of the lowest tier of which anybody is usable. Where nobody is, the first tier all the
   * same: so that somebody tries, and the true error is told.
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

  /** Of the free seats: one that needs no load, the preferred one, the least loaded, the first. */
  #best(group: HeldGroup, prefers: string | null, now: number): MemberSeat | null {
    let best: MemberSeat | null = null;
    let bestRank = Number.POSITIVE_INFINITY;
    for (const opening of this.#eligible(group)) {
      if (!this.#isFree(group, opening, now)) continue;
      const { member, there } = opening;
      const needsLoad = member.exclusive && member.loaded !== there;
      // A load is a part of 1 divided by a weight: far from this.
      const rank = (needsLoad ? 1e9 : 0) + (member.name === prefers ? -1 : member.load);
      if (best === null || rank < bestRank) [best, bestRank] = [opening, rank];
    }
    return best;
  }

  /** For who was next while its upstream was usable, and starts when it no longer is. */
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
   * What runs must end before another model is loaded; and what waits for the loaded one goes
   * first.
   */
  #mayHold(member: GateMember, there: string, isReserved: boolean): boolean {
    const { loaded } = member;
    if (loaded === null || loaded === there) return true;
    if (!member.isIdle) return false;
    if (isReserved) return true;
    for (const group of this.#groups.wanting(member, loaded)) {
      if (this.#isWanted(group, (at) => at.member === member)) return false;
    }
    return true;
  }

  /** Nothing is kept for those a user's cap holds back, or who never fit: it would stop all. */
  #isWanted(group: HeldGroup | undefined, where: (opening: MemberSeat) => boolean): boolean {
    if (group === undefined || !this.#waits(group)) return false;
    return this.#eligible(group).some((opening) => {
      const { member } = opening;
      return where(opening) && member.capacity > 0 && member.costOf(group.model) <= 1;
    });
  }
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
