import { expect, test } from "vitest";
import { FairnessLog, jainOf } from "./fairness-log.ts";

const minute = 60_000;

/** Two users wait all the time; the slot goes to alice for `part` of it. */
function shared(part: number, weight = 1): FairnessLog {
  const log = new FairnessLog();
  for (const user of ["alice", "bob"]) log.waiting(user, 1, 0);
  for (let at = 0; at < 20 * minute; at += minute) {
    log.started("alice", weight, 1_000, at);
    log.ended("alice", at, at + part * minute);
    log.started("bob", 1, 9_000, at + part * minute);
    log.ended("bob", at + part * minute, at + minute);
  }
  return log;
}

test("Jain's index is 1 for equal parts, and by weight, and falls where one gets more", () => {
  const indexOf = (log: FairnessLog) => jainOf(log.view(20 * minute, []));
  expect(indexOf(shared(0.5))).toBeCloseTo(1, 6);
  expect(indexOf(shared(0.75, 3))).toBeCloseTo(1, 6);
  expect(indexOf(shared(0.75))).toBeCloseTo(0.8, 6);
});

test("there is no index below two users who waited during the whole window", () => {
  const log = shared(0.5);
  log.waiting("bob", 0, 15 * minute);
  log.waiting("bob", 1, 15 * minute + 1);
  log.waiting("carol", 1, 19 * minute);
  expect(jainOf(log.view(20 * minute, []))).toBeNull();
  expect(jainOf(new FairnessLog().view(0, []))).toBeNull();
});

test("only the last ten minutes count, running requests until now", () => {
  const log = new FairnessLog();
  log.started("alice", 1, 5_000, 0);
  log.ended("alice", 0, 5 * minute);
  const running = [{ user: "alice", since: 11 * minute }];
  const [alice] = log.view(12 * minute, running);
  expect(alice).toMatchObject({ slotMs: 4 * minute, waitsMs: [] });
  expect(log.view(40 * minute, [])).toEqual([]);
});

test("of very many starts the latest five hundred are kept, in order", () => {
  const log = new FairnessLog();
  for (let start = 0; start < 1_203; start++) log.started("alice", 1, start, start);
  const [alice] = log.view(minute, []);
  expect(alice?.waitsMs).toEqual(Array.from({ length: 500 }, (_, index) => 703 + index));
});
