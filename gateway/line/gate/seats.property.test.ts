import fc from "fast-check";
import { expect, test } from "vitest";
import { anyPool, plainPool, steps, TrialPool, world } from "../../test/support/trial-pool.ts";
import { forecast } from "../forecast/forecast.ts";
import { TimeEstimates } from "../forecast/time-estimates.ts";
import type { LineEntry } from "../order/line-entry.ts";

test("no upstream, no box and no exclusive upstream ever holds more than it may", () => {
  fc.assert(
    fc.property(world(anyPool), steps, (given, plan) => {
      const pool = new TrialPool(given);
      for (const each of plan) {
        pool.do(each);
        pool.startAll((started) => {
          const at = given.pool.find(({ name }) => name === started.upstream)!;
          const running = pool.runningAt(at.name);
          expect(running.length).toBeLessThanOrEqual(pool.capacities.get(at.name)!);
          if (at.exclusive)
            expect(new Set(running.map(({ request }) => request.model)).size).toBe(1);
          const inBox = given.pool.filter(
            (of) => of === at || (at.box !== null && of.box === at.box),
          );
          const load = inBox.flatMap(({ name }) => pool.runningAt(name));
          const sum = load.reduce((cost, entry) => cost + pool.costOf(entry), 0);
          expect(sum).toBeLessThanOrEqual(1 + 1e-9);
        });
      }
    }),
  );
});

test("every request runs in the lowest tier with a usable upstream, and not where it failed", () => {
  fc.assert(
    fc.property(world(anyPool), steps, (given, plan) => {
      const pool = new TrialPool(given);
      for (const each of plan) {
        pool.do(each);
        pool.startAll((started) => expect(pool.mayUse(started)).toContain(started.upstream));
      }
    }),
  );
});

test("no request waits while one of its seats is free", () => {
  fc.assert(
    fc.property(world(plainPool), steps, (given, plan) => {
      const pool = new TrialPool({ ...given, modelCapacity: () => null });
      for (const each of plan) {
        pool.do(each);
        pool.startAll();
        for (const entry of pool.queue.waiting.values()) {
          for (const name of pool.mayUse(entry)) {
            expect(pool.runningAt(name).length).toBeGreaterThanOrEqual(pool.capacities.get(name)!);
          }
        }
      }
    }),
  );
});

test("a request gets the free seat that it prefers, or else the least loaded one", () => {
  fc.assert(
    fc.property(world(plainPool), steps, (given, plan) => {
      const pool = new TrialPool({ ...given, modelCapacity: () => null });
      const loadOf = (name: string, without: number): number => {
        const { weight = 1 } = given.pool.find((each) => each.name === name)!;
        return (pool.runningAt(name).length - without) / pool.capacities.get(name)! / weight;
      };
      for (const each of plan) {
        pool.do(each);
        pool.startAll((started) => {
          const { upstream: at } = started;
          const others = pool.mayUse(started).filter((name) => {
            return name !== at && pool.runningAt(name).length < pool.capacities.get(name)!;
          });
          expect(others).not.toContain(started.request.prefers);
          if (at === started.request.prefers) return;
          for (const name of others) {
            expect(loadOf(at, 1)).toBeLessThanOrEqual(loadOf(name, 0) + 1e-9);
          }
        });
      }
    }),
  );
});

test("an idle pool never waits, every request starts once or leaves, and nothing is left behind", () => {
  fc.assert(
    fc.property(world(anyPool), steps, (given, plan) => {
      const pool = new TrialPool(given);
      const started: string[] = [];
      const drained = plan.concat(Array.from({ length: 150 }, () => ({ do: "end", nth: 0 })));
      for (const each of drained) {
        pool.do(each);
        pool.startAll(({ request }) => started.push(request.id));
        if (pool.queue.running.size === 0) expect(pool.queue.waiting.size).toBe(0);
      }
      expect(pool.queue.waiting.size + pool.queue.running.size).toBe(0);
      expect(new Set(started).size).toBe(started.length);
      expect([...pool.queue.shares.all()]).toEqual([]);
    }),
  );
});

test("every request starts in a pool, however many others keep coming", () => {
  fc.assert(
    fc.property(world(anyPool), fc.nat(3), fc.nat(2), (given, own, model) => {
      const pool = new TrialPool(given);
      let victim: LineEntry | undefined;
      for (let round = 0; round < 500 && victim?.state !== "running"; round++) {
        for (let user = 0; user < 3; user++) {
          const seats = given.routes[(round + user) % 4]!;
          pool.join({ user: `u${user}`, model: `m${(round * 2 + user) % 3}`, seats });
        }
        const seats = given.routes[own]!;
        if (round === 5) victim = pool.join({ user: "victim", model: `m${model}`, seats });
        pool.startAll();
        pool.now += 500;
        const first = pool.queue.running.keys().next().value;
        if (first !== undefined && victim?.state !== "running") pool.queue.end(first, pool.now);
      }
      expect(victim?.state).toBe("running");
    }),
  );
});

test("backlogged users share the time of the whole pool by their weights", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 2, maxLength: 4 });
  fc.assert(
    fc.property(plainPool, weights, (upstreams, users) => {
      const slots = upstreams.reduce((sum, { capacity }) => sum + capacity, 0);
      const everywhere = {
        key: "all",
        list: upstreams.map(({ name }) => ({ upstream: name, tier: 0 })),
      };
      const none = { routes: [], modelCapacity: () => null, maxUnfairnessMs: 0 };
      const pool = new TrialPool({ pool: upstreams, ...none });
      const used = users.map(() => 0);
      const join = (user: number): LineEntry =>
        pool.join({ user: `${user}`, weight: users[user]!, seats: everywhere });
      for (const user of users.keys()) for (let deep = 0; deep <= slots; deep++) join(user);
      for (; pool.now < 300_000; pool.now += 250) {
        for (const { request, startedAt } of [...pool.queue.running.values()]) {
          const user = Number(request.user);
          if (pool.now - startedAt < 500 + 250 * user) continue;
          pool.queue.end(request.id, pool.now);
          used[user]! += pool.now - startedAt;
          join(user);
        }
        pool.startAll();
      }
      const perWeight = used.map((ms, user) => ms / users[user]!);
      expect(Math.max(...perWeight) - Math.min(...perWeight)).toBeLessThanOrEqual(
        2000 * (slots + 1),
      );
    }),
    { numRuns: 20 },
  );
});

test("places of a pool are 1 to n, each told once, and a forecast changes nothing", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 5; index++) {
    estimates.observe({ id: "", user: "", model: "m0" }, 1000);
  }
  fc.assert(
    fc.property(world(anyPool), steps, (given, plan) => {
      const order = (look: boolean): string[] => {
        const pool = new TrialPool(given);
        const started: string[] = [];
        for (const each of plan) {
          pool.do(each);
          pool.startAll(({ request, upstream: at }) => started.push(`${request.id}@${at}`));
          if (!look) continue;
          const told: number[] = [];
          const { queue, now } = pool;
          forecast(queue, 9, estimates, now, (_id, position) => told.push(position));
          expect(told).toEqual(Array.from(queue.waiting.keys(), (_, index) => index + 1));
        }
        return started;
      };
      expect(order(true)).toEqual(order(false));
    }),
  );
});
