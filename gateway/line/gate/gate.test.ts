import { expect, test } from "vitest";
import { createTrialQueue } from "../../test/support/trial-queue.ts";

test("a model at its capacity does not hold up another", () => {
  const trial = createTrialQueue({ modelCapacity: (model) => (model === "big" ? 1 : null) });
  trial.add("x1", "alice", { model: "big" });
  trial.add("x2", "alice", { model: "big" });
  trial.add("y1", "alice", { model: "small" });
  expect([trial.start(), trial.start(), trial.start()]).toEqual(["x1", "y1", ""]);
  trial.end("x1");
  expect(trial.start()).toBe("x2");
});

test("three thirds of a box fit, and a fourth does not", () => {
  const trial = createTrialQueue({ boxOf: () => "gpu", modelCapacity: () => 3 });
  for (let index = 0; index < 4; index++) trial.add(`r${index}`, `user${index}`);
  expect([trial.start(), trial.start(), trial.start(), trial.start()]).toEqual([
    "r0",
    "r1",
    "r2",
    "",
  ]);
});

test("cheap models cannot starve an expensive one of the same box", () => {
  const capacities: Record<string, number> = { cheap: 4, dear: 1 };
  const trial = createTrialQueue({
    boxOf: () => "gpu",
    modelCapacity: (model) => capacities[model] ?? null,
    maxUnfairnessMs: 5000,
  });
  const running: string[] = [];
  let serial = 0;
  const refill = (): void => {
    while (trial.queue.waiting.size < 5) trial.add(`c${serial++}`, "crowd", { model: "cheap" });
    for (let id = trial.start(); id !== ""; id = trial.start()) running.push(id);
  };
  refill();
  trial.add("dear", "bob", { model: "dear" });
  const arrived = trial.now;
  while (!running.includes("dear") && trial.now - arrived < 60_000) {
    trial.now += 500;
    trial.end(running.shift() ?? "");
    refill();
  }
  expect(trial.now - arrived).toBeLessThanOrEqual(5000 + 4 * 500 + 500);
});

test("a model that can never start does not stop its box", () => {
  const trial = createTrialQueue({
    boxOf: () => "gpu",
    modelCapacity: (model) => (model === "off" ? 0 : 2),
    maxUnfairnessMs: 0,
  });
  trial.add("off", "bob", { model: "off" });
  for (const id of ["a1", "a2"]) trial.add(id, "alice", { model: "on" });
  expect(trial.drain()).toEqual(["a1", "a2"]);
});

test("a reservation ends when its request leaves", () => {
  const capacities: Record<string, number> = { cheap: 2, dear: 1 };
  const trial = createTrialQueue({
    boxOf: () => "gpu",
    modelCapacity: (model) => capacities[model] ?? null,
    maxUnfairnessMs: 0,
  });
  trial.add("c1", "alice", { model: "cheap" });
  trial.start();
  trial.add("dear", "bob", { model: "dear" });
  trial.add("c2", "alice", { model: "cheap" });
  trial.add("c3", "carol", { model: "cheap" });
  expect(trial.start()).toBe("c3");
  trial.end("c3");
  expect(trial.start()).toBe("");
  trial.queue.remove("dear");
  expect(trial.start()).toBe("c2");
});

test("exclusive models never run together, and the loaded one is kept for a bounded time", () => {
  const trial = createTrialQueue({ exclusiveModels: true, maxUnfairnessMs: 3000 });
  for (let index = 0; index < 10; index++) trial.add(`a${index}`, "alice", { model: "one" });
  for (let index = 0; index < 2; index++) trial.add(`b${index}`, "bob", { model: "two" });
  const order = trial.drain();
  expect(order).toEqual("a0 a1 a2 a3 b0 b1 a4 a5 a6 a7 a8 a9".split(" "));
});

test("another model waits while one runs, even with free slots", () => {
  const trial = createTrialQueue({ exclusiveModels: true });
  trial.add("a", "alice", { model: "one" });
  trial.add("b", "bob", { model: "two" });
  trial.add("c", "bob", { model: "" });
  expect([trial.start(), trial.start()]).toEqual(["a", ""]);
  trial.end("a");
  expect([trial.start(), trial.start()]).toEqual(["b", ""]);
});

test("two names of one model run together on the only upstream, and load it once", () => {
  const trial = createTrialQueue({ exclusiveModels: true });
  const named = (model: string) => {
    return { model, seats: { key: model, list: [{ upstream: "", tier: 0, model: "qwen3" }] } };
  };
  trial.add("a", "alice", named("large"));
  trial.add("b", "bob", named("smart"));
  trial.add("c", "carol", { model: "other" });
  trial.add("d", "dave", { model: "qwen3" });
  expect([trial.start(), trial.start(), trial.start(), trial.start()]).toEqual(["a", "b", "d", ""]);
  for (const id of "abd") trial.end(id);
  expect(trial.start()).toBe("c");
  expect(Array.from(trial.queue.running.values(), ({ isSwap }) => isSwap)).toEqual([true]);
});
