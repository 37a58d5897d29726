import { expect, test } from "vitest";
import { createTrialQueue } from "../../test/support/trial-queue.ts";
import { BACKGROUND } from "./line-entry.ts";

test("one user's single request goes before another's backlog", () => {
  const trial = createTrialQueue();
  for (let index = 0; index < 50; index++) trial.add(`a${index}`, "alice");
  expect(trial.start()).toBe("a0");
  trial.now = 400;
  trial.add("b", "bob");
  expect(trial.start()).toBe("b");
});

test("backlogged users alternate, and each user's requests start in the order of arrival", () => {
  const trial = createTrialQueue();
  for (const id of ["a1", "a2", "a3"]) trial.add(id, "alice");
  for (const id of ["b1", "b2"]) trial.add(id, "bob");
  expect(trial.drain()).toEqual(["a1", "b1", "a2", "b2", "a3"]);
});

test("a user of weight 3 gets three turns for one", () => {
  const trial = createTrialQueue();
  for (let index = 0; index < 9; index++) trial.add(`a${index}`, "alice", { weight: 3 });
  for (let index = 0; index < 9; index++) trial.add(`b${index}`, "bob");
  const first = trial.drain().slice(0, 8);
  expect(first.filter((id) => id.startsWith("a"))).toHaveLength(6);
});

test("time counts, not the number of requests: long ones are corrected when they end", () => {
  const trial = createTrialQueue();
  for (let index = 0; index < 4; index++) trial.add(`a${index}`, "alice");
  for (let index = 0; index < 4; index++) trial.add(`b${index}`, "bob");
  expect(trial.start()).toBe("a0");
  trial.now = 3500;
  trial.end("a0");
  expect(trial.drain().slice(0, 5)).toEqual(["b0", "b1", "b2", "b3", "a1"]);
});

test("a user who was away has not saved up time", () => {
  const trial = createTrialQueue();
  trial.add("b0", "bob");
  for (let index = 0; index < 20; index++) trial.add(`a${index}`, "alice");
  for (let turns = 0; turns < 10; turns++) {
    const id = trial.start();
    trial.now += 1000;
    trial.end(id);
  }
  for (let index = 1; index < 5; index++) trial.add(`b${index}`, "bob");
  expect(
    trial
      .drain()
      .slice(0, 4)
      .filter((id) => id.startsWith("b")),
  ).toHaveLength(2);
});

test("time that no other user wanted is not held against a user", () => {
  const trial = createTrialQueue();
  for (let index = 0; index < 10; index++) trial.add(`a${index}`, "alice");
  for (let turns = 0; turns < 6; turns++) {
    const id = trial.start();
    trial.now += 1000;
    trial.end(id);
  }
  for (let index = 0; index < 4; index++) trial.add(`b${index}`, "bob");
  expect(
    trial
      .drain()
      .slice(0, 4)
      .filter((id) => id.startsWith("a")),
  ).toHaveLength(2);
});

test("a higher class goes first, and a lower one rises to it by waiting", () => {
  const trial = createTrialQueue({ agingMs: 60_000 });
  trial.add("low", "bob", { priority: BACKGROUND });
  trial.now = 10_000;
  trial.add("a1", "alice");
  expect(trial.start()).toBe("a1");
  trial.now = 61_000;
  trial.add("a2", "alice");
  expect(trial.start()).toBe("low");
});

test("waiting never lifts a request above the highest class of the requests that joined", () => {
  const trial = createTrialQueue({ agingMs: 1000 });
  for (let index = 0; index < 5; index++) trial.add(`a${index}`, "alice");
  expect(trial.start()).toBe("a0");
  trial.now = 500_000;
  trial.add("b", "bob");
  expect(trial.start()).toBe("b");
});

test("a user at the cap stands aside, and others continue", () => {
  const trial = createTrialQueue({ maxConcurrentPerUser: 1 });
  for (const id of ["a1", "a2"]) trial.add(id, "alice");
  trial.add("b1", "bob", { maxConcurrent: null });
  trial.add("b2", "bob", { maxConcurrent: null });
  expect([trial.start(), trial.start(), trial.start(), trial.start()]).toEqual([
    "a1",
    "b1",
    "b2",
    "",
  ]);
  trial.end("a1");
  expect(trial.start()).toBe("a2");
});

test("a lifted cap lets the requests behind it start", () => {
  const trial = createTrialQueue();
  trial.add("a1", "alice", { maxConcurrent: 1 });
  trial.add("a2", "alice", { maxConcurrent: 1 });
  expect([trial.start(), trial.start()]).toEqual(["a1", ""]);
  trial.add("a3", "alice", { maxConcurrent: 3 });
  expect([trial.start(), trial.start()]).toEqual(["a2", "a3"]);
});

test("users still alternate if answers fail at once", () => {
  const trial = createTrialQueue();
  for (let index = 0; index < 3; index++) trial.add(`a${index}`, "alice");
  for (let index = 0; index < 3; index++) trial.add(`b${index}`, "bob");
  expect(trial.drain(0)).toEqual(["a0", "b0", "a1", "b1", "a2", "b2"]);
});

test("an idle line remembers no user", () => {
  const trial = createTrialQueue();
  trial.add("a", "alice");
  trial.drain();
  trial.add("b", "bob");
  trial.queue.remove("b");
  expect([...trial.queue.shares.all()]).toEqual([]);
});

test("a charge that was too high and given back holds up no other user", () => {
  const trial = createTrialQueue();
  for (let index = 0; index < 20; index++) trial.add(`a${index}`, "alice");
  // Two slots, and two requests that claim an hour each and end after a second.
  expect([trial.start(3_600_000), trial.start(3_600_000)]).toEqual(["a0", "a1"]);
  trial.now = 1000;
  trial.end("a0");
  expect(trial.start()).toBe("a2");
  trial.end("a1");
  trial.add("b", "bob");
  expect(trial.start()).toBe("b");
});

test("a returned charge never lowers a user below their time of return, or it would save up time", () => {
  const trial = createTrialQueue();
  trial.add("a", "alice");
  expect(trial.start(3_600_000)).toBe("a");
  for (let index = 0; index < 50; index++) trial.add(`b${index}`, "bob");
  // In two further slots, so that he uses more time than she can in her slot.
  for (let index = 0; index < 40; index += 2) {
    expect([trial.start(60_000), trial.start(60_000)]).toEqual([`b${index}`, `b${index + 1}`]);
    trial.now += 60_000;
    trial.end(`b${index}`);
    trial.end(`b${index + 1}`);
  }
  for (let index = 0; index < 10; index++) trial.add(`more${index}`, "alice");
  trial.end("a");
  // They alternate, except for what the slots held.
  expect(trial.drain(60_000).slice(0, 6).join(" ")).toMatch(/^(more\d ){1,3}b40 more\d b41/);
});
