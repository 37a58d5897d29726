import { expect, test } from "vitest";
import { createTrialQueue, type TrialQueue } from "../../test/support/trial-queue.ts";
import { Gate } from "./gate.ts";
import type { PoolUpstream, RouteSeats } from "./seat.ts";

const upstreams = (...names: string[]): PoolUpstream[] =>
  names.map((name) => ({ name, capacity: 1 }));
/** "a b" is a route to a and b; "a b | c" has c as a fallback. */
const seats = (route: string): RouteSeats => ({
  key: route,
  list: route.split(" | ").flatMap((names, tier) => {
    return names.split(" ").map((upstream) => ({ upstream, tier }));
  }),
});
const startAll = (trial: TrialQueue): string[] => {
  const started: string[] = [];
  for (let id = trial.start(); id !== ""; id = trial.start()) started.push(id);
  return started;
};

test("a request runs where its route leads, and one without a free seat holds up no other", () => {
  const trial = createTrialQueue({ upstreams: upstreams("a", "b") });
  trial.add("a1", "alice", { seats: seats("a") });
  trial.add("a2", "alice", { seats: seats("a") });
  trial.add("b1", "alice", { seats: seats("b") });
  startAll(trial);
  expect(trial.where()).toEqual(["a1@a", "b1@b"]);
});

test("the least loaded upstream by weight is taken, and the first of equals", () => {
  const trial = createTrialQueue({
    upstreams: [
      { name: "small", capacity: 4 },
      { name: "large", capacity: 4, weight: 3 },
    ],
  });
  for (let index = 0; index < 8; index++) trial.add(`${index}`, "alice");
  startAll(trial);
  const at = trial.where().map((each) => each.split("@")[1]);
  expect(at).toEqual(["small", "large", "large", "large", "small", "large", "small", "small"]);
});

test("a conversation goes where it is cached, or elsewhere if it would have to wait", () => {
  const trial = createTrialQueue({ upstreams: upstreams("a", "b", "c") });
  trial.add("1", "alice", { prefers: "c" });
  trial.add("2", "alice", { prefers: "c" });
  startAll(trial);
  expect(trial.where()).toEqual(["1@c", "2@a"]);
});

test("a fallback serves only while no upstream before it can, not while they are busy", () => {
  const up = new Set(["a", "b", "c"]);
  const trial = createTrialQueue({
    upstreams: upstreams("a", "b", "c"),
    usable: (name) => up.has(name),
  });
  for (const id of ["1", "2", "3"]) trial.add(id, "alice", { seats: seats("a b | c") });
  expect(startAll(trial)).toEqual(["1", "2"]);
  up.delete("a");
  expect(startAll(trial)).toEqual([]);
  up.delete("b");
  expect(startAll(trial)).toEqual(["3"]);
  expect(trial.where()).toEqual(["1@a", "2@b", "3@c"]);
});

test("an upstream that has failed for the request is avoided, as if it were down", () => {
  const trial = createTrialQueue({ upstreams: upstreams("a", "b", "c") });
  const route = { seats: seats("a b | c") };
  trial.add("1", "alice", { ...route, avoid: new Set(["a"]) });
  trial.add("2", "alice", { ...route, avoid: new Set(["a", "b"]) });
  trial.add("3", "alice", { ...route, avoid: new Set(["a", "b", "c"]) });
  startAll(trial);
  expect(trial.where()).toEqual(["1@b", "2@c", "3@a"]);
});

test("if no upstream is usable one is tried anyway, first one that has not failed yet", () => {
  const trial = createTrialQueue({ upstreams: upstreams("a", "b"), usable: () => false });
  trial.add("1", "alice", { seats: seats("a | b") });
  trial.add("2", "alice", { seats: seats("a | b"), avoid: new Set(["a"]) });
  startAll(trial);
  expect(trial.where()).toEqual(["1@a", "2@b"]);
});

test("upstreams of one box share it, each generation by its upstream's capacity", () => {
  const trial = createTrialQueue({
    upstreams: [
      { name: "chat", capacity: 2, box: "gpu" },
      { name: "embed", capacity: 4, box: "gpu" },
      { name: "cloud", capacity: 1 },
    ],
  });
  trial.add("c1", "alice", { seats: seats("chat") });
  for (let index = 0; index < 4; index++) trial.add(`e${index}`, "bob", { seats: seats("embed") });
  trial.add("x", "bob", { seats: seats("cloud") });
  startAll(trial);
  expect(trial.where()).toEqual(["c1@chat", "e0@embed", "e1@embed", "x@cloud"]);
  trial.end("c1");
  expect(startAll(trial)).toEqual(["e2", "e3"]);
});

test("a model with its own capacity takes that part of its upstream", () => {
  const trial = createTrialQueue({
    upstreams: [{ name: "a", capacity: 4 }],
    modelCapacity: (model) => (model === "big" ? 1 : null),
    maxUnfairnessMs: 5000,
  });
  trial.add("small1", "alice");
  trial.add("big", "bob", { model: "big" });
  trial.add("small2", "alice");
  expect(startAll(trial)).toEqual(["small1", "small2"]);
  trial.now = 6000;
  trial.add("small3", "alice");
  trial.end("small1");
  expect(startAll(trial)).toEqual([]);
  trial.end("small2");
  expect(startAll(trial)).toEqual(["big"]);
});

test("an exclusive upstream holds one model, and the others of the pool serve the rest", () => {
  const trial = createTrialQueue({
    upstreams: [
      { name: "swap1", capacity: 2, exclusive: true },
      { name: "swap2", capacity: 2, exclusive: true },
    ],
  });
  const models = ["one", "two", "one", "three", "two"];
  for (const [index, model] of models.entries()) trial.add(`${model}${index}`, "alice", { model });
  startAll(trial);
  expect(trial.where()).toEqual(["one0@swap1", "two1@swap2", "one2@swap1", "two4@swap2"]);
  trial.end("one0");
  expect(startAll(trial)).toEqual([]);
  trial.end("one2");
  expect(startAll(trial)).toEqual(["three3"]);
  expect(trial.queue.running.get("three3")?.isSwap).toBe(true);
});

test("two names of one model are one model if their seats say so", () => {
  const trial = createTrialQueue({ upstreams: [{ name: "a", capacity: 2, exclusive: true }] });
  const named = (key: string): RouteSeats => ({
    key,
    list: [{ upstream: "a", tier: 0, model: "qwen3" }],
  });
  trial.add("1", "alice", { model: "large", seats: named("large") });
  trial.add("2", "alice", { model: "smart", seats: named("smart") });
  expect(startAll(trial)).toEqual(["1", "2"]);
});

test("seats of another line are an error, not an endless wait", () => {
  const trial = createTrialQueue({ upstreams: upstreams("a") });
  expect(() => trial.add("1", "alice", { seats: seats("elsewhere") })).toThrow("seats");
});

test("a seat with the loaded model is taken before one that must load it", () => {
  const trial = createTrialQueue({
    upstreams: [
      { name: "a", capacity: 4, exclusive: true },
      { name: "b", capacity: 4, exclusive: true },
    ],
  });
  trial.add("1", "alice", { model: "one" });
  trial.add("2", "alice", { model: "two" });
  trial.add("3", "alice", { model: "two", prefers: "a" });
  startAll(trial);
  trial.end("1");
  trial.add("4", "alice", { model: "two" });
  startAll(trial);
  expect(trial.where()).toEqual(["2@b", "3@b", "4@b"]);
});

test("no upstream keeps its model for requests that their user's cap holds back", () => {
  const trial = createTrialQueue({
    upstreams: [
      { name: "a", capacity: 1, exclusive: true },
      { name: "b", capacity: 1 },
    ],
  });
  const alice = { model: "one", maxConcurrent: 1 };
  trial.add("1", "alice", { ...alice, seats: seats("a") });
  trial.add("2", "bob", { model: "two", seats: seats("a") });
  startAll(trial);
  trial.end("1");
  trial.queue.remove("2");
  trial.add("3", "alice", { ...alice, seats: seats("b") });
  startAll(trial);
  trial.add("4", "alice", { ...alice, seats: seats("a") });
  trial.add("5", "bob", { model: "two", seats: seats("a") });
  startAll(trial);
  expect(trial.where()).toEqual(["3@b", "5@a"]);
});

test("nothing is remembered of a group without waiting requests", () => {
  const gate = new Gate({ upstreams: upstreams("a"), exclusiveModels: true }, () => true);
  const request = { id: "1", user: "alice", model: "made-up" };
  const group = gate.groupOf(request);
  gate.keep(group);
  expect(gate.groupOf(request)).toBe(group);
  gate.drop(group);
  expect(gate.groupOf(request)).not.toBe(group);
});
