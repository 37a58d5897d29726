import { expect, test } from "vitest";
import { type Ask, BACKGROUND, createEntry, type Entry } from "./entry.ts";
import { FairQueue, type FairRules } from "./fair-queue.ts";

/** A queue with a clock, and short names for its steps. */
function createBench(rules: FairRules = {}) {
  const queue = new FairQueue(rules);
  const bench = {
    queue,
    now: 0,
    add(id: string, user: string, more: Partial<Ask> = {}): Entry {
      const entry = createEntry({ id, user, model: "m", ...more }, 1000);
      queue.add(entry, bench.now);
      return entry;
    },
    /** Starts whoever is next; "" for nobody. */
    start(estimateMs = 1000): string {
      queue.reconsider();
      const entry = queue.next(bench.now);
      if (entry === null) return "";
      queue.start(entry, bench.now, estimateMs);
      return entry.ask.id;
    },
    end: (id: string): void => queue.end(id, bench.now),
    /** Starts and ends until nobody waits, one at a time; the order of starts. */
    drain(eachMs = 1000): string[] {
      const order: string[] = [];
      for (let id = bench.start(eachMs); id !== ""; id = bench.start(eachMs)) {
        order.push(id);
        bench.now += eachMs;
        bench.end(id);
      }
      return order;
    },
  };
  return bench;
}

test("one user's single request goes before another's backlog", () => {
  const bench = createBench();
  for (let index = 0; index < 50; index++) bench.add(`a${index}`, "alice");
  expect(bench.start()).toBe("a0");
  bench.now = 400;
  bench.add("b", "bob");
  expect(bench.start()).toBe("b");
});

test("backlogged users take turns, and within a user the first to come is first", () => {
  const bench = createBench();
  for (const id of ["a1", "a2", "a3"]) bench.add(id, "alice");
  for (const id of ["b1", "b2"]) bench.add(id, "bob");
  expect(bench.drain()).toEqual(["a1", "b1", "a2", "b2", "a3"]);
});

test("a user of weight 3 gets three turns for one", () => {
  const bench = createBench();
  for (let index = 0; index < 9; index++) bench.add(`a${index}`, "alice", { weight: 3 });
  for (let index = 0; index < 9; index++) bench.add(`b${index}`, "bob");
  const first = bench.drain().slice(0, 8);
  expect(first.filter((id) => id.startsWith("a"))).toHaveLength(6);
});

test("time counts and not the number of requests: long ones are corrected when they end", () => {
  const bench = createBench();
  for (let index = 0; index < 4; index++) bench.add(`a${index}`, "alice");
  for (let index = 0; index < 4; index++) bench.add(`b${index}`, "bob");
  expect(bench.start()).toBe("a0");
  bench.now = 3500;
  bench.end("a0");
  expect(bench.drain().slice(0, 5)).toEqual(["b0", "b1", "b2", "b3", "a1"]);
});

test("a user who was away has saved nothing up", () => {
  const bench = createBench();
  bench.add("b0", "bob");
  for (let index = 0; index < 20; index++) bench.add(`a${index}`, "alice");
  for (let turns = 0; turns < 10; turns++) {
    const id = bench.start();
    bench.now += 1000;
    bench.end(id);
  }
  for (let index = 1; index < 5; index++) bench.add(`b${index}`, "bob");
  expect(
    bench
      .drain()
      .slice(0, 4)
      .filter((id) => id.startsWith("b")),
  ).toHaveLength(2);
});

test("time used while nobody else wanted it is not held against a user", () => {
  const bench = createBench();
  for (let index = 0; index < 10; index++) bench.add(`a${index}`, "alice");
  for (let turns = 0; turns < 6; turns++) {
    const id = bench.start();
    bench.now += 1000;
    bench.end(id);
  }
  for (let index = 0; index < 4; index++) bench.add(`b${index}`, "bob");
  expect(
    bench
      .drain()
      .slice(0, 4)
      .filter((id) => id.startsWith("a")),
  ).toHaveLength(2);
});

test("a higher class goes first, and a lower one rises to it by waiting", () => {
  const bench = createBench({ agingMs: 60_000 });
  bench.add("low", "bob", { priority: BACKGROUND });
  bench.now = 10_000;
  bench.add("a1", "alice");
  expect(bench.start()).toBe("a1");
  bench.now = 61_000;
  bench.add("a2", "alice");
  expect(bench.start()).toBe("low");
});

test("waiting never lifts anyone above the highest class that somebody else came in", () => {
  const bench = createBench({ agingMs: 1000 });
  for (let index = 0; index < 5; index++) bench.add(`a${index}`, "alice");
  expect(bench.start()).toBe("a0");
  bench.now = 500_000;
  bench.add("b", "bob");
  expect(bench.start()).toBe("b");
});

test("a user at the cap stands aside, and others go on", () => {
  const bench = createBench({ maxConcurrentPerUser: 1 });
  for (const id of ["a1", "a2"]) bench.add(id, "alice");
  bench.add("b1", "bob", { maxConcurrent: null });
  bench.add("b2", "bob", { maxConcurrent: null });
  expect([bench.start(), bench.start(), bench.start(), bench.start()]).toEqual([
    "a1",
    "b1",
    "b2",
    "",
  ]);
  bench.end("a1");
  expect(bench.start()).toBe("a2");
});

test("a cap that is lifted lets those who stood aside go", () => {
  const bench = createBench();
  bench.add("a1", "alice", { maxConcurrent: 1 });
  bench.add("a2", "alice", { maxConcurrent: 1 });
  expect([bench.start(), bench.start()]).toEqual(["a1", ""]);
  bench.add("a3", "alice", { maxConcurrent: 3 });
  expect([bench.start(), bench.start()]).toEqual(["a2", "a3"]);
});

test("a model at its capacity does not hold up another", () => {
  const bench = createBench({ modelCapacity: (model) => (model === "big" ? 1 : null) });
  bench.add("x1", "alice", { model: "big" });
  bench.add("x2", "alice", { model: "big" });
  bench.add("y1", "alice", { model: "small" });
  expect([bench.start(), bench.start(), bench.start()]).toEqual(["x1", "y1", ""]);
  bench.end("x1");
  expect(bench.start()).toBe("x2");
});

test("three thirds of a box fit, and a fourth does not", () => {
  const bench = createBench({ boxOf: () => "gpu", modelCapacity: () => 3 });
  for (let index = 0; index < 4; index++) bench.add(`r${index}`, `user${index}`);
  expect([bench.start(), bench.start(), bench.start(), bench.start()]).toEqual([
    "r0",
    "r1",
    "r2",
    "",
  ]);
});

test("cheap models cannot starve a dear one of the same box", () => {
  const capacities: Record<string, number> = { cheap: 4, dear: 1 };
  const bench = createBench({
    boxOf: () => "gpu",
    modelCapacity: (model) => capacities[model] ?? null,
    maxUnfairnessMs: 5000,
  });
  const running: string[] = [];
  let serial = 0;
  const refill = (): void => {
    while (bench.queue.waiting.size < 5) bench.add(`c${serial++}`, "crowd", { model: "cheap" });
    for (let id = bench.start(); id !== ""; id = bench.start()) running.push(id);
  };
  refill();
  bench.add("dear", "bob", { model: "dear" });
  const arrived = bench.now;
  while (!running.includes("dear") && bench.now - arrived < 60_000) {
    bench.now += 500;
    bench.end(running.shift() ?? "");
    refill();
  }
  expect(bench.now - arrived).toBeLessThanOrEqual(5000 + 4 * 500 + 500);
});

test("a reservation ends when the one it is for leaves", () => {
  const capacities: Record<string, number> = { cheap: 2, dear: 1 };
  const bench = createBench({
    boxOf: () => "gpu",
    modelCapacity: (model) => capacities[model] ?? null,
    maxUnfairnessMs: 0,
  });
  bench.add("c1", "alice", { model: "cheap" });
  bench.start();
  bench.add("dear", "bob", { model: "dear" });
  bench.add("c2", "alice", { model: "cheap" });
  bench.add("c3", "carol", { model: "cheap" });
  expect(bench.start()).toBe("c3");
  bench.end("c3");
  expect(bench.start()).toBe("");
  bench.queue.remove("dear");
  expect(bench.start()).toBe("c2");
});

test("exclusive models never run together, and the loaded one is kept for a bounded time", () => {
  const bench = createBench({ exclusiveModels: true, maxUnfairnessMs: 3000 });
  for (let index = 0; index < 10; index++) bench.add(`a${index}`, "alice", { model: "one" });
  for (let index = 0; index < 2; index++) bench.add(`b${index}`, "bob", { model: "two" });
  const order = bench.drain();
  expect(order).toEqual("a0 a1 a2 a3 b0 b1 a4 a5 a6 a7 a8 a9".split(" "));
});

test("while a model runs, another waits, even with slots free", () => {
  const bench = createBench({ exclusiveModels: true });
  bench.add("a", "alice", { model: "one" });
  bench.add("b", "bob", { model: "two" });
  bench.add("c", "bob", { model: "" });
  expect([bench.start(), bench.start()]).toEqual(["a", ""]);
  bench.end("a");
  expect([bench.start(), bench.start()]).toEqual(["b", ""]);
});

test("answers that fail at once still alternate between users", () => {
  const bench = createBench();
  for (let index = 0; index < 3; index++) bench.add(`a${index}`, "alice");
  for (let index = 0; index < 3; index++) bench.add(`b${index}`, "bob");
  expect(bench.drain(0)).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
});

test("an idle line remembers no user", () => {
  const bench = createBench();
  bench.add("a", "alice");
  bench.drain();
  bench.add("b", "bob");
  bench.queue.remove("b");
  expect([...bench.queue.shares.all()]).toEqual([]);
});
