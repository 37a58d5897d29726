import { expect, test } from "vitest";
import type { Left } from "./history.ts";
import { likelyWait } from "./likely-wait.ts";

const sure =
  (ms: number): Left =>
  () =>
    ms;
const evenly =
  (most: number): Left =>
  (quantile) =>
    most * quantile;

test("where all is known, the wait is until the slot that the line's order gives", () => {
  expect(likelyWait([sure(3000)], [])).toBe(3000);
  expect(likelyWait([sure(3000)], [sure(500), sure(700)])).toBe(4200);
  expect(likelyWait([sure(1000), sure(4000)], [sure(9000)])).toBe(4000);
  expect(likelyWait([sure(1000), sure(4000)], [sure(2000)])).toBe(3000);
});

test("the soonest of several uncertain ends is sooner than any by itself", () => {
  const one = likelyWait([evenly(8000)], []);
  const four = likelyWait([evenly(8000), evenly(8000), evenly(8000), evenly(8000)], []);
  // The medians of one and of the least of four: 1/2, and 1 - 2^(-1/4).
  expect(Math.abs(one - 4000)).toBeLessThan(800);
  expect(Math.abs(four - 8000 * 0.159)).toBeLessThan(500);
});

test("the same line makes the same promise", () => {
  const wait = (): number => likelyWait([evenly(5000), evenly(9000)], [evenly(7000)]);
  expect(wait()).toBe(wait());
});
