import { expect, test } from "vitest";
import { alike } from "./crowd.ts";
import { bestPromise } from "./futures.ts";
import { informed } from "./informed.ts";
import { steadyGpu } from "./load.ts";
import { median } from "./scenarios.ts";

test("who knows all lengths and all arrivals errs hardly ever, and who knows neither does", () => {
  const crowd = { gpu: steadyGpu, capacity: 2, longer: alike };
  const forecasters = [
    { lengths: true, arrivals: true },
    { lengths: false, arrivals: false },
  ];
  const told = informed(crowd, forecasters, 5, 1);
  const errorOf = (index: number): number =>
    median(told.map(({ promised, waitedMs }) => Math.abs((promised[index] ?? 0) / waitedMs - 1)));
  expect(told.length).toBeGreaterThan(30);
  expect(errorOf(0)).toBeLessThan(0.01);
  expect(errorOf(1)).toBeGreaterThan(0.1);
});

test("the best promise lies in the half of the futures that is closest together", () => {
  expect(bestPromise([1000, 5000, 5500, 6000, 60_000])).toBeCloseTo(5454.5, 0);
});
