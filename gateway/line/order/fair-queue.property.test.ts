import fc from "fast-check";
import { expect, test } from "vitest";
import type { RosterView } from "../../roster.ts";
import { FairQueue, type FairRules } from "./fair-queue.ts";
import { createEntry, type LineEntry } from "./line-entry.ts";

type Step =
  | { do: "join"; user: number; model: number; priority: number; weight: number }
  | { do: "leave"; nth: number }
  | { do: "end"; nth: number }
  | { do: "pass"; ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constant("join" as const),
      user: fc.nat(4),
      model: fc.nat(2),
      priority: fc.integer({ min: -1, max: 1 }),
      weight: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), nth: fc.nat(50) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("end" as const), nth: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(20_000) }) },
);

const capacities = [null, 2, 3];
const modelNumber = (model: string): number => Number(model.slice(1));

const rules: fc.Arbitrary<FairRules> = fc.record({
  agingMs: fc.constantFrom(null, 5000),
  maxConcurrentPerUser: fc.constantFrom(null, 1, 2),
  exclusiveModels: fc.boolean(),
  maxUnfairnessMs: fc.constantFrom(0, 10_000),
  modelCapacity: fc.constantFrom(
    () => null,
    (model: string) => capacities[modelNumber(model)] ?? null,
  ),
  boxOf: fc.constantFrom(
    () => null,
    (model: string) => (modelNumber(model) > 0 ? "gpu" : null),
  ),
});

/**
 * Runs the steps, starts every request that may start while a slot is free, and checks after each.
 */
function run(options: FairRules, slots: number, steps: Step[], check: (queue: FairQueue) => void) {
  const queue = new FairQueue(options);
  const nth = (of: RosterView<LineEntry>, n: number) => [...of.keys()][n % of.size] ?? "";
  const started: LineEntry[] = [];
  let now = 0;
  for (const [serial, each] of steps.entries()) {
    if (each.do === "pass") now += each.ms;
    if (each.do === "leave") queue.remove(nth(queue.waiting, each.nth));
    if (each.do === "end") queue.end(nth(queue.running, each.nth), now);
    if (each.do === "join") {
      const { priority, weight } = each;
      const request = { id: `${serial}`, user: `u${each.user}`, model: `m${each.model}`, priority };
      queue.add(createEntry({ ...request, weight }, 1000), now);
    }
    while (queue.running.size < slots) {
      const entry = queue.next(now);
      if (entry === null) break;
      queue.start(entry, now, 1000);
      started.push(entry);
    }
    check(queue);
  }
  return { queue, started, now };
}

const plans = fc.array(step, { maxLength: 120, size: "max" });
const slotCounts = fc.integer({ min: 1, max: 5 });

test("caps, model capacities, boxes and exclusiveness are never exceeded", () => {
  fc.assert(
    fc.property(rules, slotCounts, plans, (options, slots, steps) => {
      run(options, slots, steps, (queue) => {
        const running = [...queue.running.values()];
        expect(running.length).toBeLessThanOrEqual(slots);
        const models = Map.groupBy(running, ({ request }) => request.model);
        const cap = options.maxConcurrentPerUser ?? Number.POSITIVE_INFINITY;
        for (const own of Map.groupBy(running, ({ request }) => request.user).values()) {
          expect(own.length).toBeLessThanOrEqual(cap);
        }
        if (options.exclusiveModels) expect(models.size).toBeLessThanOrEqual(1);
        let budget = 0;
        for (const [model, own] of models) {
          const capacity = options.modelCapacity?.(model) ?? null;
          if (capacity === null) continue;
          expect(own.length).toBeLessThanOrEqual(capacity);
          if (options.boxOf?.(model) === "gpu") budget += own.length / capacity;
        }
        expect(budget).toBeLessThanOrEqual(1 + 1e-9);
      });
    }),
  );
});

test("no request that may start waits while a slot is free", () => {
  const noBoxes = rules.map((each) => ({ ...each, boxOf: () => null, exclusiveModels: false }));
  fc.assert(
    fc.property(noBoxes, slotCounts, plans, (options, slots, steps) => {
      run(options, slots, steps, (queue) => {
        if (queue.running.size >= slots) return;
        const running = [...queue.running.values()];
        for (const { request } of queue.waiting.values()) {
          const ofModel = running.filter((each) => each.request.model === request.model).length;
          const ofUser = running.filter((each) => each.request.user === request.user).length;
          const modelIsFull = ofModel >= (options.modelCapacity?.(request.model) ?? Infinity);
          expect(modelIsFull || ofUser >= (options.maxConcurrentPerUser ?? Infinity)).toBe(true);
        }
      });
    }),
  );
});

test("an idle machine never lets a request wait, whatever the rules", () => {
  fc.assert(
    fc.property(rules, slotCounts, plans, (options, slots, steps) => {
      run(options, slots, steps, (queue) => {
        if (queue.running.size === 0) expect(queue.waiting.size).toBe(0);
      });
    }),
  );
});

test("every request starts once or leaves, and nothing is left behind", () => {
  fc.assert(
    fc.property(rules, slotCounts, plans, (options, slots, steps) => {
      const drained = steps.concat(Array.from({ length: 150 }, () => ({ do: "end", nth: 0 })));
      const { queue, started } = run(options, slots, drained, () => {});
      expect(queue.waiting.size).toBe(0);
      expect(queue.running.size).toBe(0);
      expect(new Set(started.map(({ request }) => request.id)).size).toBe(started.length);
      expect([...queue.shares.all()]).toEqual([]);
    }),
  );
});

test("within a user, a priority and a model, requests start in the order of arrival", () => {
  fc.assert(
    fc.property(rules, slotCounts, plans, (options, slots, steps) => {
      const { started } = run(options, slots, steps, () => {});
      const lanes = Map.groupBy(
        started,
        ({ request, priority }) => `${request.user} ${request.model} ${priority}`,
      );
      for (const lane of lanes.values()) {
        const arrivals = lane.map(({ seq }) => seq);
        expect(arrivals).toEqual(arrivals.toSorted((a, b) => a - b));
      }
    }),
  );
});

test("backlogged users get time in proportion to their weights", () => {
  const someone = fc.record({
    weight: fc.integer({ min: 1, max: 5 }),
    ms: fc.integer({ min: 200, max: 3000 }),
  });
  fc.assert(
    fc.property(fc.array(someone, { minLength: 2, maxLength: 6 }), slotCounts, (users, slots) => {
      const queue = new FairQueue({});
      const used = users.map(() => 0);
      const ends: { at: number; id: string }[] = [];
      let now = 0;
      let serial = 0;
      const join = (user: number): void => {
        const { weight } = users[user]!;
        const request = { id: `${user}-${serial++}`, user: `${user}`, model: "m", weight };
        queue.add(createEntry(request, 1000), now);
      };
      for (const user of users.keys()) for (let deep = 0; deep <= slots; deep++) join(user);
      while (now < 400_000) {
        while (queue.running.size < slots) {
          const entry = queue.next(now)!;
          const user = Number(entry.request.user);
          queue.start(entry, now, 1000);
          ends.push({ at: now + users[user]!.ms, id: entry.request.id });
          used[user]! += users[user]!.ms;
          join(user);
        }
        ends.sort((a, b) => a.at - b.at);
        const end = ends.shift()!;
        now = end.at;
        queue.end(end.id, now);
      }
      const perWeight = used.map((ms, user) => ms / users[user]!.weight);
      // A user may be ahead by what all slots hold, and by a charge that is not corrected yet.
      expect(Math.max(...perWeight) - Math.min(...perWeight)).toBeLessThanOrEqual(
        4000 * (slots + 1),
      );
    }),
    { numRuns: 40 },
  );
});

test("every waiting request starts, however many others keep coming", () => {
  const victim = fc.record({ priority: fc.integer({ min: -2, max: 0 }), model: fc.nat(2) });
  fc.assert(
    fc.property(rules, slotCounts, victim, (options, slots, { priority, model }) => {
      const queue = new FairQueue({ ...options, agingMs: 5000 });
      const request = { id: "victim", user: "victim", model: `m${model}`, priority };
      let serial = 0;
      let now = 0;
      for (let rounds = 0; rounds < 400 && queue.running.has("victim") === false; rounds++) {
        for (let user = 0; user < 3; user++) {
          const other = { user: `u${user}`, model: `m${rounds % 3}`, priority: user === 0 ? 1 : 0 };
          queue.add(createEntry({ id: `${serial++}`, ...other }, 1000), now);
        }
        if (rounds === 5) queue.add(createEntry(request, 1000), now);
        for (
          let next = queue.next(now);
          next !== null && queue.running.size < slots;
          next = queue.next(now)
        ) {
          queue.start(next, now, 1000);
        }
        now += 500;
        const first = queue.running.keys().next().value;
        if (first !== undefined && first !== "victim") queue.end(first, now);
      }
      expect(queue.running.has("victim")).toBe(true);
    }),
  );
});

test("a single request goes before any further start of a backlog, whatever the backlog was charged", () => {
  const start = fc.record({
    estimateMs: fc.integer({ min: 1, max: 3_600_000 }),
    usedMs: fc.integer({ min: 0, max: 20_000 }),
    nth: fc.nat(4),
  });
  fc.assert(
    fc.property(fc.array(start, { minLength: 1, maxLength: 60 }), slotCounts, (starts, slots) => {
      const queue = new FairQueue({});
      let now = 0;
      for (const serial of starts.keys()) {
        queue.add(createEntry({ id: `a${serial}`, user: "alice", model: "m" }, 1000), now);
      }
      queue.add(createEntry({ id: "last", user: "alice", model: "m" }, 1000), now);
      for (const { estimateMs, usedMs, nth } of starts) {
        queue.start(queue.next(now)!, now, estimateMs);
        now += usedMs;
        const running = [...queue.running.keys()];
        if (running.length >= slots) queue.end(running[nth % running.length]!, now);
      }
      queue.add(createEntry({ id: "b", user: "bob", model: "m" }, 1000), now);
      expect(queue.next(now)?.request.id).toBe("b");
    }),
  );
});
