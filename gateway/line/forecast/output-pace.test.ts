import fc from "fast-check";
import { expect, test } from "vitest";
import { OutputPace } from "./output-pace.ts";

/** As attention works: each token looks at the prompt and at all of the answer before it. */
const truth = (input: number, output: number): number =>
  output * (0.2 + 0.0003 * input + (0.0001 * output) / 2);

function learnt(of: (input: number, output: number) => number): OutputPace {
  const pace = new OutputPace();
  for (let index = 0; index < 40; index++) {
    const [input, output] = [100 + ((index * 37) % 11) * 150, 500 + ((index * 53) % 13) * 400];
    pace.add(input, output, of(input, output));
  }
  return pace;
}

test("a token of a long answer to a long prompt is slower than one of a short answer", () => {
  const pace = learnt(truth);
  for (const [input, output] of [
    [100, 500],
    [1600, 500],
    [100, 5000],
    [1600, 5000],
  ] as const) {
    expect(pace.msOf(input, output) / truth(input, output)).toBeCloseTo(1, 1);
  }
});

test("if the context costs nothing, the pace is the median, even if some hung for an hour", () => {
  const pace = learnt((_, output) => output * 20);
  pace.add(100, 2, 3_600_000);
  pace.add(200, 3, 3_600_000);
  pace.add(200, 3, 3_600_000);
  expect(pace.msOf(100, 1000) / 20_000).toBeCloseTo(1, 1);
  expect(pace.msOf(1600, 5000) / 100_000).toBeCloseTo(1, 1);
});

test("a context longer than all seen gets the pace of the longest seen", () => {
  const pace = learnt(truth);
  expect(pace.msOf(1_000_000, 500)).toBeCloseTo(pace.msOf(1600, 500), 3);
  expect(pace.msOf(100, 1_000_000) / 1_000_000).toBeCloseTo(pace.msOf(100, 5300) / 5300, 3);
});

test("times grow with sizes, and tokensIn is the inverse of msOf", () => {
  const sizes = fc.record({
    input: fc.integer({ min: 0, max: 200_000 }),
    output: fc.integer({ min: 1, max: 100_000 }),
    ms: fc.double({ min: 0, max: 1e6, noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(sizes, { minLength: 1, maxLength: 120 }), sizes, (seen, asked) => {
      const pace = new OutputPace();
      for (const { input, output, ms } of seen) pace.add(input, output, ms);
      const { input, output } = asked;
      const ms = pace.msOf(input, output);
      expect(ms).toBeGreaterThanOrEqual(0);
      expect(ms).toBeLessThan(Number.POSITIVE_INFINITY);
      expect(pace.msOf(input, output + 1)).toBeGreaterThanOrEqual(ms);
      expect(pace.msOf(input + 1, output)).toBeGreaterThanOrEqual(ms);
      if (ms > 1e-6) expect(pace.tokensIn(input, ms) / output).toBeCloseTo(1, 3);
    }),
  );
});
