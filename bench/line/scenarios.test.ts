import { expect, test } from "vitest";
import { backlogs, jainIndex, visits } from "./scenarios.ts";

test("a single request starts before all of another user's backlog, and in arrival order after it", async () => {
  const before = async (fifo: boolean): Promise<number[]> =>
    (await visits(fifo)).map(({ startsBefore }) => startsBefore);
  expect(Math.max(...(await before(false)))).toBe(0);
  expect(Math.min(...(await before(true)))).toBeGreaterThanOrEqual(50);
});

test("equal users with backlogs get equal time, however long their answers", async () => {
  expect(jainIndex(await backlogs(false, [1, 1, 1, 1, 1]))).toBeGreaterThanOrEqual(0.99);
});
