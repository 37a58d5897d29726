import { expect, test } from "vitest";
import { backlogged, backlogs, covered, jainIndex, visited, visits } from "./scenarios.ts";

test("a single request starts before all of another user's backlog, and in arrival order after it", async () => {
  const before = async (fifo: boolean): Promise<number[]> =>
    (await visits(fifo)).map(({ startsBefore }) => startsBefore);
  expect(Math.max(...(await before(false)))).toBe(0);
  expect(Math.min(...(await before(true)))).toBeGreaterThanOrEqual(50);
});

test("equal users with backlogs get equal time, however long their answers", async () => {
  expect(jainIndex(await backlogs(false, [1, 1, 1, 1, 1]))).toBeGreaterThanOrEqual(0.99);
});

test.each([
  ["users with backlogs on four slots", () => backlogged(false, [1, 1, 2, 1, 3])],
  ["a backlog and a visitor", () => visited(false)],
  ["users with backlogs, and no sizes known", () => backlogged(false, [1, 1, 1], { sizes: false })],
])("four of five waits end within the range that was told: %s", async (_, run) => {
  const part = covered(await run());
  expect(part).toBeGreaterThan(0.75);
  expect(part).toBeLessThan(0.85);
});
