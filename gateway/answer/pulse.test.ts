import { expect, test } from "vitest";
import { beatFor } from "./pulse.ts";

test("beats come in time for the shortest silence, and no oftener than serves", () => {
  expect(beatFor([15_000, 45_000, 240_000, null])).toBe(3_000);
  expect(beatFor([15_000, null, null, 7_500])).toBe(1_500);
  expect(beatFor([1_000, 2_000, null, 0])).toBe(1_000);
  expect(beatFor([null, null])).toBe(3_000);
});
