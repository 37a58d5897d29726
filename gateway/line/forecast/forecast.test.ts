import fc from "fast-check";
import { expect, test } from "vitest";
import { threadCpuMs } from "../../test/support/loop-cpu.ts";
import { FairQueue, type FairRules } from "../order/fair-queue.ts";
import { createEntry } from "../order/line-entry.ts";
import { aheadOf, timeUntilDone } from "./first-place.ts";
import { forecast } from "./forecast.ts";
import { TimeEstimates } from "./time-estimates.ts";

type Join = { user: number; model: number; priority: number; weight: number };

const serviceMs = 1000;

/** A line in which every generation takes one second. */
function knownEstimates(): TimeEstimates {
  const estimates = new TimeEstimates();
  const request = { id: "", user: "", model: "m0" };
  for (let index = 0; index < 5; index++) estimates.observe(request, serviceMs);
  return estimates;
}

const joins: fc.Arbitrary<Join[]> = fc.array(
  fc.record({
    user: fc.nat(4),
    model: fc.nat(2),
    priority: fc.integer({ min: -1, max: 1 }),
    weight: fc.integer({ min: 1, max: 3 }),
  }),
  { minLength: 1, maxLength: 60, size: "max" },
);

const rules: fc.Arbitrary<FairRules> = fc.record({
  agingMs: fc.constantFrom(null, 3500),
  maxConcurrentPerUser: fc.constantFrom(null, 1, 2),
  exclusiveModels: fc.boolean(),
  maxUnfairnessMs: fc.constantFrom(0, 2500),
  modelCapacity: fc.constantFrom(
    () => null,
    (model: string) => [null, 2, 3][Number(model.slice(1))] ?? null,
  ),
});

function fill(queue: FairQueue, plan: readonly Join[], slots: number): void {
  for (const [serial, { user, model, priority, weight }] of plan.entries()) {
    const request = { id: `${serial}`, user: `u${user}`, model: `m${model}`, priority, weight };
    queue.add(createEntry(request, serviceMs), 0);
    const entry = queue.running.size < slots ? queue.next(0) : null;
    if (entry !== null) queue.start(entry, 0, serviceMs);
  }
}

test("places are 1 to n, and the waiting requests start in that order and at those times", () => {
  fc.assert(
    fc.property(rules, fc.integer({ min: 1, max: 4 }), joins, (options, slots, plan) => {
      const queue = new FairQueue(options);
      fill(queue, plan, slots);
      const told: { id: string; at: number | null }[] = [];
      forecast(queue, slots, knownEstimates(), 0, (id, position, startsInMs) => {
        expect(position).toBe(told.length + 1);
        told.push({ id, at: startsInMs });
      });
      const actual: typeof told = [];
      for (let now = serviceMs; queue.running.size > 0; now += serviceMs) {
        for (const id of [...queue.running.keys()]) queue.end(id, now);
        for (let next = queue.next(now); next !== null; next = queue.next(now)) {
          if (queue.running.size >= slots) break;
          queue.start(next, now, serviceMs);
          actual.push({ id: next.request.id, at: now });
        }
      }
      // In the forecast slots come free one by one at the same instant; here they come free
      // together.
      expect(told.map(({ id }) => id).sort()).toEqual(actual.map(({ id }) => id).sort());
      if (slots === 1) expect(told).toEqual(actual);
    }),
  );
});

test("a forecast does not change the line", () => {
  fc.assert(
    fc.property(rules, joins, (options, plan) => {
      const order = (peek: boolean): string[] => {
        const queue = new FairQueue(options);
        fill(queue, plan, 1);
        const starts: string[] = [];
        for (let now = serviceMs; queue.running.size > 0; now += serviceMs) {
          if (peek) forecast(queue, 1, knownEstimates(), now, () => {});
          for (const id of [...queue.running.keys()]) queue.end(id, now);
          const next = queue.next(now);
          if (next === null) continue;
          queue.start(next, now, serviceMs);
          starts.push(next.request.id);
        }
        return starts;
      };
      expect(order(true)).toEqual(order(false));
    }),
  );
});

test("without caps, boxes and aging the first place equals the forecast's", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), joins, (slots, joined) => {
      const queue = new FairQueue({ agingMs: null });
      const plan = joined.map((each) => ({ ...each, priority: 0 }));
      fill(queue, plan, slots);
      const own = { id: "own", user: "u0", model: "m0" };
      const entry = createEntry(own, serviceMs);
      queue.add(entry, 0);
      const { count } = aheadOf(entry, entry.lane!, queue.shares.all());
      let place = 0;
      forecast(queue, slots, knownEstimates(), 0, (id, position) => {
        if (id === "own") place = position;
      });
      if (queue.running.size >= slots) expect(count + 1).toBe(place);
    }),
    { numRuns: 300 },
  );
});

test("no time is told before there is data, or while no request may start", () => {
  const queue = new FairQueue({});
  fill(queue, [{ user: 0, model: 0, priority: 0, weight: 1 }], 0);
  const eta = (slots: number, estimates: TimeEstimates): (number | null)[] => {
    const told: (number | null)[] = [];
    forecast(queue, slots, estimates, 0, (_id, _position, startsInMs) => told.push(startsInMs));
    return told;
  };
  expect(eta(1, new TimeEstimates())).toEqual([null]);
  expect(eta(0, knownEstimates())).toEqual([null]);
  expect(eta(1, knownEstimates())).toEqual([0]);
});

test("slots that come free one after the other share the work", () => {
  expect(timeUntilDone([3000], 0)).toBe(3000);
  expect(timeUntilDone([1000, 4000], 0)).toBe(1000);
  expect(timeUntilDone([1000, 4000], 2000)).toBe(3000);
  expect(timeUntilDone([1000, 4000], 5000)).toBe(5000);
});

test("places stay quick for a user who makes up two thousand model names", () => {
  const queue = new FairQueue({ exclusiveModels: true });
  fill(
    queue,
    Array.from({ length: 2_000 }, (_, model) => ({ user: 0, model, priority: 0, weight: 1 })),
    1,
  );
  let told = 0;
  const from = threadCpuMs();
  forecast(queue, 1, knownEstimates(), 0, () => told++);
  // At each start each group was once searched among all: that took twelve seconds.
  expect(threadCpuMs() - from).toBeLessThan(6_000);
  expect(told).toBe(1_999);
});
