import fc from "fast-check";
import { expect, test } from "vitest";
import { WaitRanges } from "./wait-ranges.ts";

/** Waits around an estimate, as their spread makes them; the futures misjudge it by `factor`. */
function coverageOf(spread: number, factor: number, seed: number): number {
  const ranges = new WaitRanges();
  let state = seed | 1;
  const random = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  let hits = 0;
  for (let index = 0; index < 1_200; index += 1) {
    const ms = 20_000 + 60_000 * random();
    const actual = ms * (1 + spread * (2 * random() - 1));
    const half = ms * spread * 0.8 * factor;
    ranges.promise(`${index}`, { ms, lowMs: ms - half, highMs: ms + half });
    if (ranges.kept(`${index}`, actual) === true && index >= 200) hits += 1;
  }
  return hits / 1_000;
}

test("four of five waits end within their range, also if the futures are too sure or too unsure", () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0.2, 0.5, 0.9),
      fc.constantFrom(0.3, 1, 3),
      fc.integer({ min: 1, max: 1e9 }),
      (spread, factor, seed) => {
        const coverage = coverageOf(spread, factor, seed);
        expect(coverage).toBeGreaterThan(0.75);
        expect(coverage).toBeLessThan(0.85);
      },
    ),
    { numRuns: 40 },
  );
});

test("a later range is as wide for its length as the first, and never below 0", () => {
  const ranges = new WaitRanges();
  const first = ranges.promise("a", { ms: 40_000, lowMs: 20_000, highMs: 80_000 });
  expect(first).toEqual({ lowSeconds: 20, highSeconds: 80 });
  expect(ranges.of("a", 10_000)).toEqual({ lowSeconds: 5, highSeconds: 20 });
  expect(ranges.of("a", 0)).toEqual({ lowSeconds: 0, highSeconds: 1 });
});

test("a request without a promise, or that leaves, counts for nothing", () => {
  const ranges = new WaitRanges();
  expect(ranges.kept("unknown", 5)).toBeNull();
  ranges.promise("gone", { ms: 1_000, lowMs: 500, highMs: 2_000 });
  ranges.left("gone");
  expect(ranges.kept("gone", 1_000)).toBeNull();
  expect(ranges.coverage()).toEqual({ part: null, count: 0, medianErrorMs: null });
});
