import fc from "fast-check";
import type { PoolUpstream, RouteSeats, Seat } from "../../line/gate/seat.ts";
import { FairQueue } from "../../line/order/fair-queue.ts";
import { createEntry, type LineEntry, type LineRequest } from "../../line/order/line-entry.ts";
import type { RosterView } from "../../roster.ts";

export type Step =
  | {
      do: "join";
      user: number;
      model: number;
      route: number;
      avoid: readonly number[];
      prefers: number;
    }
  | { do: "leave" | "end" | "flip"; nth: number }
  | { do: "resize"; nth: number; capacity: number }
  | { do: "pass"; ms: number };

const nth = fc.nat(50);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      user: fc.nat(3),
      model: fc.nat(2),
      route: fc.nat(3),
      avoid: fc.oneof({ weight: 4, arbitrary: fc.constant<number[]>([]) }, fc.array(fc.nat(3))),
      prefers: fc.nat(6),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("end" as const), nth }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), nth }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("flip" as const), nth: fc.nat(3) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("resize" as const),
      nth: fc.nat(3),
      capacity: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(20_000) }) },
);
export const steps: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 120, size: "max" });

const nameOf = (index: number): string => "abcd"[index] ?? "";
const upstream = (box: fc.Arbitrary<string | null>, exclusive: fc.Arbitrary<boolean>) =>
  fc.record({
    capacity: fc.integer({ min: 1, max: 3 }),
    weight: fc.integer({ min: 1, max: 3 }),
    box,
    exclusive,
  });
const poolOf = (each: ReturnType<typeof upstream>) =>
  fc.array(each, { minLength: 4, maxLength: 4 }).map((list) => {
    return list.map((options, index): PoolUpstream => ({ name: nameOf(index), ...options }));
  });
/** Each upstream in a box of its own. */
export const plainPool: fc.Arbitrary<PoolUpstream[]> = poolOf(
  upstream(fc.constant(null), fc.constant(false)),
);
/** With boxes, and with upstreams that hold one model at a time. */
export const anyPool: fc.Arbitrary<PoolUpstream[]> = poolOf(
  upstream(fc.constantFrom(null, "x", "y"), fc.boolean()),
);

const route: fc.Arbitrary<Seat[]> = fc.uniqueArray(
  fc.record({ upstream: fc.nat(3).map(nameOf), tier: fc.nat(2) }),
  {
    minLength: 1,
    selector: (seat) => seat.upstream,
  },
);
const routes = fc.array(route, { minLength: 4, maxLength: 4 }).map((lists) => {
  return lists.map((list, index): RouteSeats => ({ key: `r${index}`, list }));
});
const capacityOf = fc.constantFrom(
  () => null,
  (model: string) => [null, 1, 3][Number(model.slice(1))] ?? null,
);

export type World = {
  pool: PoolUpstream[];
  routes: RouteSeats[];
  modelCapacity: (model: string) => number | null;
  maxUnfairnessMs: number;
};
export const world = (pool: fc.Arbitrary<PoolUpstream[]>): fc.Arbitrary<World> =>
  fc.record({ pool, routes, modelCapacity: capacityOf, maxUnfairnessMs: fc.constantFrom(0, 9000) });

/** A fair queue of a pool, and the true state around it. */
export class TrialPool {
  readonly down: Set<string> = new Set<string>();
  readonly capacities: Map<string, number>;
  readonly queue: FairQueue;
  readonly world: World;
  now = 0;
  #serial = 0;

  constructor(given: World) {
    const { pool, routes: _, ...rules } = given;
    this.world = given;
    this.capacities = new Map(pool.map(({ name, capacity }) => [name, capacity]));
    const usable = (name: string): boolean => !this.down.has(name);
    this.queue = new FairQueue({ ...rules, upstreams: pool, usable });
  }

  join(more: Partial<LineRequest>): LineEntry {
    const request = { id: `${this.#serial++}`, user: "u", model: "m0", ...more };
    const entry = createEntry(request, 1000);
    this.queue.add(entry, this.now);
    return entry;
  }

  do(each: Step): void {
    const pick = (of: RosterView<LineEntry>, n: number) => [...of.keys()][n % of.size] ?? "";
    if (each.do === "pass") this.now += each.ms;
    if (each.do === "leave") this.queue.remove(pick(this.queue.waiting, each.nth));
    if (each.do === "end") this.queue.end(pick(this.queue.running, each.nth), this.now);
    if (each.do === "flip") {
      const name = nameOf(each.nth);
      if (!this.down.delete(name)) this.down.add(name);
    }
    if (each.do === "resize") {
      this.capacities.set(nameOf(each.nth), each.capacity);
      this.queue.setCapacity(nameOf(each.nth), each.capacity);
    }
    if (each.do === "join") {
      const { user, model, avoid, prefers } = each;
      const seats = this.world.routes[each.route];
      const request = { user: `u${user}`, model: `m${model}`, prefers: nameOf(prefers) };
      this.join({ ...request, ...(seats && { seats }), avoid: new Set(avoid.map(nameOf)) });
    }
    this.queue.reconsider();
  }

  startAll(onStart: (entry: LineEntry) => void = () => {}): void {
    for (let next = this.queue.next(this.now); next !== null; next = this.queue.next(this.now)) {
      this.queue.start(next, this.now, 1000);
      onStart(next);
    }
  }

  runningAt(name: string): LineEntry[] {
    return [...this.queue.running.values()].filter((entry) => entry.upstream === name);
  }

  /** The tier rule, written a second time: where this request may run if all slots are free. */
  mayUse({ request }: LineEntry): string[] {
    const all = request.seats?.list ?? [];
    const left = all.filter((seat) => request.avoid?.has(seat.upstream) !== true);
    const list = left.length > 0 ? left : all;
    const up = list.filter((seat) => !this.down.has(seat.upstream));
    const from = up.length > 0 ? up : list;
    const tier = Math.min(...from.map((seat) => seat.tier));
    return from.filter((seat) => seat.tier === tier).map((seat) => seat.upstream);
  }

  costOf({ request, upstream: name }: LineEntry): number {
    return 1 / (this.world.modelCapacity(request.model) ?? this.capacities.get(name) ?? 0);
  }
}
