import { expect, test } from "vitest";
import type { TimeLeft } from "./generation-history.ts";
import { likelyWait, type SlotUse } from "./likely-wait.ts";
import type { Overtaker } from "./newcomers.ts";

const turn = (left: TimeLeft): SlotUse => ({ left, overtaker: -1 });
const sure = (ms: number): SlotUse => turn(() => ms);
const evenly = (most: number): SlotUse => turn((quantile) => most * quantile);
const wait = (running: SlotUse[], ahead: SlotUse[] = []): number => likelyWait({ running, ahead });

test("where all is known, the wait is until the slot that the line's order gives", () => {
  expect(wait([sure(3000)])).toBe(3000);
  expect(wait([sure(3000)], [sure(500), sure(700)])).toBe(4200);
  expect(wait([sure(1000), sure(4000)], [sure(9000)])).toBe(4000);
  expect(wait([sure(1000), sure(4000)], [sure(2000)])).toBe(3000);
});

test("the soonest of several uncertain ends is sooner than any by itself", () => {
  const one = wait([evenly(8000)]);
  const four = wait([evenly(8000), evenly(8000), evenly(8000), evenly(8000)]);
  // The medians of one and of the least of four: 1/2, and 1 - 2^(-1/4).
  expect(Math.abs(one - 4000)).toBeLessThan(800);
  expect(Math.abs(four - 8000 * 0.159)).toBeLessThan(500);
});

test("the same line makes the same promise", () => {
  const once = (): number => wait([evenly(5000), evenly(9000)], [evenly(7000)]);
  expect(once()).toBe(once());
});

/** One who comes every two seconds while nothing of theirs is here, for a second each. */
const visitor: Overtaker = { here: 0, perMs: [1 / 2000, 0], usedMs: [1000], turn: 0, weight: 1 };
/** Behind ten requests of one's own, of a second each. */
const behindTen = { ahead: Array.from({ length: 10 }, () => sure(1000)), tag: 10_000 };

test("who stands behind requests of their own is told of those who will come and go first", () => {
  const alone = likelyWait({ running: [sure(1000)], ...behindTen });
  const visited = likelyWait({ running: [sure(1000)], ...behindTen, overtakers: [visitor] });
  expect(alone).toBe(11_000);
  expect(visited).toBeGreaterThan(14_000);
  expect(visited).toBeLessThan(19_000);
});

test("who is here already, and never comes twice at once, is not told of again", () => {
  const here = { ...visitor, here: 1 };
  const ahead = [...behindTen.ahead, { ...sure(1000), overtaker: 0 }];
  const prospect = { running: [sure(1000)], ahead, tag: 10_000, overtakers: [here] };
  expect(likelyWait(prospect)).toBe(12_000);
});

test("nobody is told of those whose turn is after theirs, however often they come", () => {
  const flood = { ...visitor, perMs: [1, 1, 1, 1], turn: 10_000 };
  expect(likelyWait({ running: [sure(1000)], ...behindTen, overtakers: [flood] })).toBe(11_000);
});

test("a flood of others goes first for no longer than their turn is sooner", () => {
  const flood = { ...visitor, perMs: [1, 1, 1, 1], turn: 6_000 };
  const told = likelyWait({ running: [sure(1000)], ...behindTen, overtakers: [flood] });
  expect(told).toBe(11_000 + 4_000);
});

test("a flood without an end, of a higher class, is promised in the end all the same", () => {
  const flood = { ...visitor, perMs: [1e9], usedMs: [0], turn: Number.NEGATIVE_INFINITY };
  expect(likelyWait({ running: [sure(1000)], ...behindTen, overtakers: [flood] })).toBe(11_000);
});
