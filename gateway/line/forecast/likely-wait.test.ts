import { expect, test } from "vitest";
import type { TimeLeft } from "./generation-history.ts";
import { likelyWait, type SlotUse } from "./likely-wait.ts";
import type { Overtaker } from "./newcomers.ts";

const turn = (left: TimeLeft): SlotUse => ({ left, overtaker: -1 });
const sure = (ms: number): SlotUse => turn(() => ms);
const evenly = (most: number): SlotUse => turn((quantile) => most * quantile);
const wait = (running: SlotUse[], ahead: SlotUse[] = []): number => likelyWait({ running, ahead });

test("if all times are known, the wait ends with the slot that the order of the line gives", () => {
  expect(wait([sure(3000)])).toBe(3000);
  expect(wait([sure(3000)], [sure(500), sure(700)])).toBe(4200);
  expect(wait([sure(1000), sure(4000)], [sure(9000)])).toBe(4000);
  expect(wait([sure(1000), sure(4000)], [sure(2000)])).toBe(3000);
});

test("the first of several uncertain ends comes before the median of each", () => {
  const one = wait([evenly(8000)]);
  const four = wait([evenly(8000), evenly(8000), evenly(8000), evenly(8000)]);
  // The median of one is 1/2, the median of the least of four 1 - 2^(-1/4).
  expect(Math.abs(one - 4000)).toBeLessThan(800);
  expect(Math.abs(four - 8000 * 0.159)).toBeLessThan(500);
});

test("the same line makes the same promise", () => {
  const once = (): number => wait([evenly(5000), evenly(9000)], [evenly(7000)]);
  expect(once()).toBe(once());
});

/** Sends a request of one second every two seconds, while none of their own is here. */
const visitor: Overtaker = { here: 0, perMs: [1 / 2000, 0], usedMs: [1000], turn: 0, weight: 1 };
/** Behind ten requests of the same user, of a second each. */
const behindTen = { ahead: Array.from({ length: 10 }, () => sure(1000)), tag: 10_000 };

test("a request behind others of its user is promised a wait that includes newcomers", () => {
  const alone = likelyWait({ running: [sure(1000)], ...behindTen });
  const visited = likelyWait({ running: [sure(1000)], ...behindTen, overtakers: [visitor] });
  expect(alone).toBe(11_000);
  expect(visited).toBeGreaterThan(14_000);
  expect(visited).toBeLessThan(19_000);
});

test("a user who never sends two at once is not counted again while one is here", () => {
  const here = { ...visitor, here: 1 };
  const ahead = [...behindTen.ahead, { ...sure(1000), overtaker: 0 }];
  const prospect = { running: [sure(1000)], ahead, tag: 10_000, overtakers: [here] };
  expect(likelyWait(prospect)).toBe(12_000);
});

test("newcomers that start later do not count, however often they come", () => {
  const flood = { ...visitor, perMs: [1, 1, 1, 1], turn: 10_000 };
  expect(likelyWait({ running: [sure(1000)], ...behindTen, overtakers: [flood] })).toBe(11_000);
});

test("a flood of newcomers starts first only as long as their virtual time is lower", () => {
  const flood = { ...visitor, perMs: [1, 1, 1, 1], turn: 6_000 };
  const told = likelyWait({ running: [sure(1000)], ...behindTen, overtakers: [flood] });
  expect(told).toBe(11_000 + 4_000);
});

test("an endless flood of a higher class still gives a finite promise", () => {
  const flood = { ...visitor, perMs: [1e9], usedMs: [0], turn: Number.NEGATIVE_INFINITY };
  expect(likelyWait({ running: [sure(1000)], ...behindTen, overtakers: [flood] })).toBe(11_000);
});
