import fc from "fast-check";
import { expect, test } from "vitest";
import { createEntry } from "../order/line-entry.ts";
import { ArrivalHabits } from "./arrival-habits.ts";

const one = (user: string, priority = 0) =>
  createEntry({ id: "", user, model: "m", priority }, 1000);

/** Sends a request, gets the answer after a second, thinks for three, and sends the next one. */
function think(habits: ArrivalHabits, user: string, times: number): number {
  let now = 0;
  for (let time = 0; time < times; time++, now += 4000) {
    habits.arrived(one(user), now);
    habits.left(user, 1000, now + 1000);
  }
  return now - 3000;
}

test("a user who reads each answer first sends nothing while one request waits", () => {
  const habits = new ArrivalHabits();
  const now = think(habits, "bob", 20);
  const [bob] = habits.others("alice", now);
  expect(bob).toMatchObject({ user: "bob", here: 0, weight: 1, priority: 0 });
  expect(1 / (bob?.perMs[0] ?? 0)).toBeCloseTo(3000, -2);
  expect(bob?.perMs[1]).toBe(0);
  expect(bob?.usedMs).toEqual(new Array(20).fill(1000));
});

test("a user who sends many at once sends more while some wait", () => {
  const habits = new ArrivalHabits();
  for (let index = 0; index < 40; index++) habits.arrived(one("agent"), index * 500);
  habits.left("agent", 2000, 20_000);
  const [agent] = habits.others("alice", 20_000);
  expect(agent?.here).toBe(39);
  expect(1 / (agent?.perMs[3] ?? 0)).toBeCloseTo(500, -2);
});

test("a user who went home is not expected, and one night does not make that user rare", () => {
  const habits = new ArrivalHabits();
  const now = think(habits, "bob", 20);
  expect(habits.others("alice", now + 8 * 3_600_000)).toEqual([]);
  habits.arrived(one("bob"), now + 8 * 3_600_000);
  habits.left("bob", 1000, now + 8 * 3_600_000 + 1000);
  const [bob] = habits.others("alice", now + 8 * 3_600_000 + 1000);
  expect(1 / (bob?.perMs[0] ?? 0)).toBeLessThan(6000);
});

test("the waiting user itself, and users without an answer so far, are not expected", () => {
  const habits = new ArrivalHabits();
  const now = think(habits, "bob", 20);
  habits.arrived(one("carol"), now);
  habits.arrived(one("carol"), now);
  expect(habits.others("bob", now)).toEqual([]);
});

test("made-up users do not fill the memory", () => {
  const habits = new ArrivalHabits();
  think(habits, "bob", 5);
  for (let index = 0; index < 400; index++) think(habits, `made-up-${index}`, 3);
  expect(habits.others("alice", 9000).length).toBeLessThanOrEqual(25);
  habits.left("bob", 1000, 9000);
  expect(habits.others("alice", 9000).some(({ user }) => user === "bob")).toBe(false);
});

test("rates are numbers and counts never negative, whatever comes and goes", () => {
  const step = fc.record({
    user: fc.constantFrom("alice", "bob", "carol"),
    comes: fc.boolean(),
    usedMs: fc.option(fc.integer({ min: 0, max: 90_000 })),
    pauseMs: fc.constantFrom(0, 1, 3000, 86_400_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const habits = new ArrivalHabits();
      let now = 0;
      for (const { user, comes, usedMs, pauseMs } of steps) {
        now += pauseMs;
        if (comes) habits.arrived(one(user), now);
        else habits.left(user, usedMs, now);
        for (const { here, perMs, usedMs: times } of habits.others("alice", now)) {
          expect(here).toBeGreaterThanOrEqual(0);
          expect(times.length).toBeGreaterThan(0);
          expect(perMs.every((rate) => rate >= 0 && rate < Number.POSITIVE_INFINITY)).toBe(true);
        }
      }
    }),
  );
});
