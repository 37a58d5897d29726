import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createChildren } from "./children.ts";
import { barsOf } from "./soak/plot-text.ts";
import { createRandom } from "./soak/random.ts";
import { runSoak } from "./soak/run-soak.ts";

test("a short soak ends with accounts that agree", { timeout: 120_000 }, async () => {
  const children = createChildren();
  const folder = mkdtempSync(join(tmpdir(), "soak-test-"));
  try {
    const options = { minutes: 0.1, seed: 3, clients: 8, everySeconds: 2 };
    const { checks, endings, samples } = await runSoak(children, folder, options, () => {});
    expect(checks.filter(({ isRight }) => !isRight)).toEqual([]);
    expect(checks.length).toBeGreaterThan(10);
    expect(samples.length).toBeGreaterThan(1);
    // Traffic of many kinds has come through, not errors of the clients alone.
    const kinds = new Set(endings.map(([ending]) => ending.split(" ")[0]));
    expect(kinds.size).toBeGreaterThan(4);
    expect(endings.some(([ending]) => ending === "completions 200")).toBe(true);
  } finally {
    await children.endAll();
    rmSync(folder, { recursive: true, force: true });
  }
});

test("the same seed makes the same choices", () => {
  const [one, two, other] = [createRandom(7), createRandom(7), createRandom(8)];
  const of = (random: typeof one): number[] =>
    Array.from({ length: 20 }, () => random.whole(1, 100));
  const first = of(one);
  expect(of(two)).toEqual(first);
  expect(of(other)).not.toEqual(first);
  expect(Math.min(...first)).toBeGreaterThanOrEqual(1);
  expect(Math.max(...first)).toBeLessThanOrEqual(100);
});

test("a plot shows the whole of a series in the width it has", () => {
  expect(barsOf([0, 4, 8], 10)).toBe("▁▅█");
  expect(
    barsOf(
      Array.from({ length: 1_000 }, (_, at) => at),
      4,
    ),
  ).toBe("▁▃▆█");
});
