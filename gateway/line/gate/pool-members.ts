import type { LineRequest } from "../order/line-entry.ts";
import { Box } from "./box.ts";
import { GateMember } from "./gate-member.ts";
import type { GateMembers, MemberSeat, Tiers } from "./group.ts";
import type { PoolUpstream, Seat } from "./seat.ts";

type PoolRules = {
  upstreams: readonly PoolUpstream[];
  capacityOf: (model: string) => number | null;
  /** For upstreams that do not say whether they hold one model at a time. */
  exclusive: boolean;
};

/** The members of a pool: its upstreams, each in a box, most of them alone in it. */
export class PoolMembers implements GateMembers {
  readonly #rules: PoolRules;
  readonly #byName = new Map<string, GateMember>();

  constructor(rules: PoolRules) {
    const { upstreams, capacityOf, exclusive: byDefault } = rules;
    this.#rules = rules;
    const boxes = new Map<string, Box>();
    for (const { name, capacity, weight = 1, box = null, exclusive = byDefault } of upstreams) {
      const shared = (box === null ? null : boxes.get(box)) ?? new Box();
      if (box !== null) boxes.set(box, shared);
      const options = { name, capacity, weight, exclusive, capacityOf, box: shared };
      this.#byName.set(name, new GateMember(options));
    }
  }

  keyOf({ model, seats, avoid }: LineRequest): string {
    let key = seats?.key ?? "";
    // The model and the failed upstreams are in the key only if they make a difference.
    if (this.#rules.capacityOf(model) !== null || this.#isExclusive(seats?.list)) {
      key += `\u0000${model}`;
    }
    if (avoid !== undefined && avoid.size > 0) key += `\u0000\u0000${[...avoid].sort().join()}`;
    return key;
  }

  /** The seats without the failed upstreams; if none is left, all seats. */
  tiersOf({ model, seats, avoid }: LineRequest): Tiers {
    const list: readonly Seat[] = seats?.list ?? this.#everywhere();
    const left = list.filter(({ upstream }) => avoid?.has(upstream) !== true);
    const tiers = new Map<number, MemberSeat[]>();
    for (const { upstream, tier, model: there } of left.length > 0 ? left : list) {
      const member = this.#byName.get(upstream);
      if (member === undefined) continue;
      const openings = tiers.get(tier) ?? [];
      tiers.set(tier, openings);
      openings.push({ member, there: there ?? model });
    }
    if (tiers.size === 0) throw new Error("None of the request's seats is in its line.");
    return [...tiers].sort(([a], [b]) => a - b).map(([, openings]) => openings);
  }

  at(_ask: LineRequest, upstream: string): GateMember | null {
    return this.#byName.get(upstream) ?? null;
  }

  seatAt({ model, seats }: LineRequest, upstream: string): MemberSeat {
    const seat = seats?.list.find((each) => each.upstream === upstream);
    return { member: this.#named(upstream), there: seat?.model ?? model };
  }

  setCapacity(upstream: string, capacity: number): void {
    this.#named(upstream).capacity = capacity;
  }

  /** The members of a pool are its upstreams. They stay. */
  forget(): void {}

  copy(): PoolMembers {
    const copy = new PoolMembers({ ...this.#rules, upstreams: [] });
    const boxes = new Map<Box, Box>();
    for (const [name, member] of this.#byName) {
      const box = boxes.get(member.box) ?? member.box.copy();
      boxes.set(member.box, box);
      copy.#byName.set(name, member.copy(box));
    }
    return copy;
  }

  #named(upstream: string): GateMember {
    const member = this.#byName.get(upstream);
    if (member === undefined) throw new Error(`No upstream of this line is named ${upstream}.`);
    return member;
  }

  #everywhere(): Seat[] {
    return Array.from(this.#byName.keys(), (upstream) => ({ upstream, tier: 0 }));
  }

  #isExclusive(list: readonly Seat[] | undefined): boolean {
    if (list === undefined) return this.#byName.values().some(({ exclusive }) => exclusive);
    return list.some(({ upstream }) => this.#byName.get(upstream)?.exclusive === true);
  }
}
