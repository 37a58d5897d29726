import fc from "fast-check";
import { expect, test } from "vitest";
import { LineTrial, type TrialRules, type TrialStep } from "../test/support/line-trial.ts";

// As long as one likes: FUZZ_RUNS=20000 FUZZ_SEED=7 npx vitest run gateway/line/line-fuzz.test.ts

const numRuns = Number(process.env.FUZZ_RUNS ?? 100);
const seed = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) };

const often = (count: number, what: TrialStep["do"]): TrialStep["do"][] =>
  Array<TrialStep["do"]>(count).fill(what);

const steps: fc.Arbitrary<TrialStep[]> = fc.array(
  fc.record({
    do: fc.constantFrom(
      ...often(14, "join"),
      ...often(10, "end"),
      ...often(3, "time"),
      ...often(2, "leave"),
      ...often(2, "resize"),
      ...often(4, "up or down"),
      ...(["cancel", "leave running", "pause or resume", "drain"] as const),
    ),
    nth: fc.nat(1_000),
  }),
  { minLength: 20, maxLength: 150, size: "max" },
);

const rules: fc.Arbitrary<TrialRules> = fc.record({
  slots: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
  tiers: fc.array(fc.nat(1), { minLength: 1, maxLength: 3 }),
  isPool: fc.constantFrom(true, true, false),
  exclusive: fc.constantFrom(false, false, false, true),
  box: fc.constantFrom(false, false, false, true),
  agingMs: fc.constantFrom(60_000, 5_000, null),
  maxConcurrentPerUser: fc.constantFrom(null, null, 1, 2),
});

test("no slot is lost or given twice, places are 1 to n, and nothing idles while somebody may start", {
  timeout: numRuns * 2_000 + 60_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(rules, steps, async (given, plan) => {
      const trial = new LineTrial(given);
      for (const step of plan) await trial.step(step);
      await trial.finish();
      expect(trial.faults).toEqual([]);
    }),
    { numRuns, ...seed },
  );
});
