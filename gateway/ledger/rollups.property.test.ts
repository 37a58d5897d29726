import fc from "fast-check";
import { expect, test } from "vitest";
import { closing, connect, opening, temporaryFile } from "../test/support/test-ledger.ts";
import { openLedger } from "./ledger.ts";
import { verify } from "./verify.ts";

const tokens = fc.option(fc.oneof(fc.nat(100_000), fc.constantFrom(-1, Number.NaN, 1e300, 2.5)));

const traffic = fc.array(
  fc.record({
    user: fc.constantFrom("alice", "bob", "Çağrı"),
    model: fc.option(fc.constantFrom("qwen", "llama", "")),
    key: fc.constantFrom("", "0123456789abcdef"),
    upstream: fc.constantFrom("gpu1", "gpu2"),
    dialect: fc.constantFrom("chat" as const, "messages" as const),
    servedBy: fc.option(fc.constantFrom("gpu2", "cloud"), { nil: undefined }),
    servedModel: fc.option(fc.constantFrom("qwen-q4", "x".repeat(300))),
    startedAt: fc.integer({ min: Date.UTC(2026, 10, 20), max: Date.UTC(2026, 10, 23) }),
    state: fc.constantFrom("done", "failed", "cancelled", "never closed"),
    usage: fc.record({ input: tokens, output: tokens, cached: tokens, reasoning: tokens }),
    cost: fc.option(
      fc.oneof(fc.double({ min: 0, max: 3 }), fc.constantFrom(-1, Number.NaN, 1e300)),
    ),
    waits: fc.boolean(),
    pause: fc.boolean(),
  }),
  { maxLength: 60 },
);

test("rollups agree with the rows after any traffic and restart", async () => {
  await fc.assert(
    fc.asyncProperty(traffic, async (requests) => {
      const file = temporaryFile();
      const ledger = openLedger({ file });
      for (const {
        state,
        usage,
        cost,
        waits,
        pause,
        servedBy,
        servedModel,
        ...change
      } of requests) {
        const row = opening(change);
        ledger.open(row);
        if (waits) ledger.waits(row.id);
        if (pause) await new Promise((resolve) => setImmediate(resolve));
        if (state === "never closed") continue;
        const known = { ...usage, source: "reported" as const };
        const served = { servedModel, ...(servedBy === undefined ? {} : { servedBy }) };
        void ledger.close(row.id, closing({ state, usage: known, cost, ...served }));
      }
      await ledger.shutdown();
      const next = openLedger({ file });
      const db = connect(file);
      expect(verify(db)).toEqual([]);
      const counted = (await next.totals()).reduce((sum, { requests: count }) => sum + count, 0);
      expect(counted).toBe(requests.length);
      await next.shutdown();
    }),
    { numRuns: 25 },
  );
});

test("verify finds a rollup that lies, and takes the day retention reaches to", async () => {
  const file = temporaryFile();
  const ledger = openLedger({ file });
  for (const day of [20, 21]) {
    const row = opening({ startedAt: Date.UTC(2026, 10, day) });
    ledger.open(row);
    await ledger.close(row.id, closing());
  }
  const db = connect(file);
  db.exec("DELETE FROM generations WHERE started_at < unixepoch('2026-11-21') * 1000");
  // The day, and its quarter of an hour.
  expect(verify(db)).toHaveLength(2);
  expect(verify(db, "2026-11-21")).toEqual([]);
  expect(await ledger.totals()).toMatchObject([{ requests: 2 }]);
  db.exec("UPDATE rollups SET output_tokens = output_tokens + 1 WHERE day = '2026-11-21'");
  expect(verify(db, "2026-11-21")).toHaveLength(2);
  await ledger.shutdown();
});
