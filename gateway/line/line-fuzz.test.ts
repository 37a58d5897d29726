import { lineContract } from "../test/support/line-contract.ts";
import { directly } from "../test/support/line-trial.ts";

// As long as one likes: FUZZ_RUNS=20000 FUZZ_SEED=7 npx vitest run gateway/line/line-fuzz.test.ts

lineContract("the line", directly, { numRuns: Number(process.env.FUZZ_RUNS ?? 100), avoids: true });
