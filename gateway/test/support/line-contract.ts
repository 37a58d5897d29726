import fc from "fast-check";
import { expect, test } from "vitest";
import { LineTrial, type OpenTrialLine, type TrialStep } from "./line-trial.ts";
import type { TrialRules } from "./line-trial-rules.ts";

const seed = process.env.FUZZ_SEED === undefined ? {} : { seed: Number(process.env.FUZZ_SEED) };

const often = (count: number, what: TrialStep["do"]): TrialStep["do"][] =>
  Array<TrialStep["do"]>(count).fill(what);

/** What a new keeper takes over before it begins. */
const adopted: fc.Arbitrary<TrialStep[]> = fc.array(
  fc.record({ do: fc.constant("adopt" as const), nth: fc.nat(1_000) }),
  { maxLength: 8 },
);

const steps: fc.Arbitrary<TrialStep[]> = fc.array(
  fc.record({
    do: fc.constantFrom(
      ...often(14, "join"),
      ...often(10, "end"),
      ...often(3, "time"),
      ...often(2, "leave"),
      ...often(2, "resize"),
      ...often(4, "up or down"),
      ...(["adopt", "cancel", "leave running", "pause or resume", "drain"] as const),
    ),
    nth: fc.nat(1_000),
  }),
  { minLength: 20, maxLength: 150, size: "max" },
);

const rules = (avoids: boolean): fc.Arbitrary<TrialRules> =>
  fc.record({
    slots: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    tiers: fc.array(fc.nat(1), { minLength: 1, maxLength: 3 }),
    isPool: fc.constantFrom(true, true, false),
    exclusive: fc.constantFrom(false, false, false, true),
    box: fc.constantFrom(false, false, false, true),
    agingMs: fc.constantFrom(60_000, 5_000, null),
    maxConcurrentPerUser: fc.constantFrom(null, null, 1, 2),
    maxQueue: fc.constantFrom(null, null, 4, 0),
    avoids: fc.constant(avoids),
  });

/**
 * What a line must hold however it is reached: the invariants of gateway/line/DESIGN.md, over random
 * histories of many requests.
 * @param avoids - whether a request can say at once that an upstream has failed for it
 */
export function lineContract(
  name: string,
  open: OpenTrialLine,
  { numRuns, avoids }: { numRuns: number; avoids: boolean },
): void {
  test(`${name}: no slot is lost or given twice, nothing starts above a capacity, places are 1 to n, and nothing idles while somebody may start`, {
    timeout: numRuns * 2_000 + 60_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(rules(avoids), adopted, steps, async (given, before, plan) => {
        const trial = new LineTrial(given, open);
        for (const step of [...before, ...plan]) await trial.step(step);
        await trial.finish();
        expect(trial.faults).toEqual([]);
      }),
      { numRuns, ...seed },
    );
  });
}
