import { expect, test } from "vitest";
import type { Usage } from "../dialects/usage.ts";
import { costOf, type Price } from "./cost.ts";

const free: Price = { input: 0, cached: null, output: 0, second: 0 };
const used: Usage = { input: 1000, output: 200, cached: 600, reasoning: 50, source: "reported" };
const unknown: Usage = { input: null, output: null, cached: null, reasoning: null, source: null };

test("cached tokens are a part of the prompt, at their own price or at the prompt's", () => {
  const price = { ...free, input: 3e-6, output: 15e-6 };
  expect(costOf(price, used, 9)).toBeCloseTo(0.003 + 0.003, 12);
  expect(costOf({ ...price, cached: 3e-7 }, used, 9)).toBeCloseTo(0.0012 + 0.00018 + 0.003, 12);
  expect(costOf({ ...price, cached: 0 }, used, 9)).toBeCloseTo(0.0012 + 0.003, 12);
  // More than all of it cannot have been cached.
  const odd = { ...used, cached: 5000 };
  expect(costOf({ ...price, cached: 0 }, odd, 9)).toBeCloseTo(0.003, 12);
});

test("seconds of an upstream need no usage, and one that never ran had none", () => {
  const price = { ...free, second: 0.0002 };
  expect(costOf(price, unknown, 30_000)).toBeCloseTo(0.006, 12);
  expect(costOf(price, unknown, null)).toBe(0);
});

test("what has a price and is unknown makes the cost unknown; what is free does not", () => {
  expect(costOf({ ...free, input: 1e-6 }, unknown, 5)).toBeNull();
  expect(costOf({ ...free, cached: 1e-6 }, unknown, 5)).toBeNull();
  expect(costOf({ ...free, output: 1e-6, second: 1 }, { ...used, output: null }, 5)).toBeNull();
  expect(costOf({ ...free, output: 1e-6 }, { ...unknown, output: 7 }, 5)).toBeCloseTo(7e-6, 12);
  expect(costOf(free, unknown, null)).toBe(0);
});
