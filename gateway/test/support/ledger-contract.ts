import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Ledger } from "../../ledger/ledger.ts";
import { otherModels } from "../../ledger/model-names.ts";
import type { PageStart } from "../../ledger/requests-page.ts";
import { readsContract } from "./ledger-reads-contract.ts";
import { addRow, closing, opening } from "./test-ledger.ts";

/** The accounts of one test: gateways open them, one after the other or several at once. */
export type Accounts = {
  /** A gateway opens them; the test closes it. */
  open(): Promise<Ledger>;
  /** In what sums and rows disagree. */
  verify(): Promise<string[]>;
};

const hour = 3_600_000;
const day = 24 * hour;
const now = Date.now();

/** What every ledger promises, whatever it is kept in. */
export function ledgerContract(name: string, make: () => Promise<Accounts>): void {
  /** A ledger that is closed when the test ends, and its accounts. */
  async function start(): Promise<{ ledger: Ledger; accounts: Accounts }> {
    const accounts = await make();
    return { ledger: await started(accounts), accounts };
  }

  async function started(accounts: Accounts): Promise<Ledger> {
    const ledger = await accounts.open();
    onTestFinished(() => ledger.shutdown());
    return ledger;
  }

  describe(`the rows of ${name}`, () => {
    test("are found by our id, the request's, and the upstream's", async () => {
      const { ledger } = await start();
      const row = await addRow(
        ledger,
        { requestId: "mine" },
        { upstreamId: "gen-7", cost: 0.125, servedBy: "box-2" },
      );
      const found = await ledger.find("alice", row.id);
      expect(found).toEqual({
        ...row,
        upstream: "box-2",
        requestId: "mine",
        upstreamId: "gen-7",
        state: "done",
        status: 200,
        errorCode: null,
        queueMs: 3,
        firstTokenMs: 40,
        upstreamMs: 100,
        durationMs: 103,
        input: 10,
        output: 5,
        cached: 4,
        reasoning: null,
        usageSource: "reported",
        cost: 0.125,
      });
      expect(await ledger.find("alice", "mine")).toEqual(found);
      expect(await ledger.find("alice", "gen-7")).toEqual(found);
      expect(await ledger.find("alice", "gen-8")).toBeNull();
      expect(await ledger.find("alice", "\0\ud800")).toBeNull();
      expect(await ledger.find("bob", row.id)).toBeNull();
    });

    test("are found while they run, the newest of several with one id", async () => {
      const { ledger } = await start();
      const noon = Date.UTC(2026, 10, 25, 12);
      await addRow(ledger, { requestId: "again", startedAt: noon });
      const newest = opening({ requestId: "again", startedAt: noon + 5 });
      await addRow(ledger, { requestId: "again", startedAt: noon + 2 });
      ledger.open(newest);
      ledger.waits(newest.id);
      const wanted = { id: newest.id, state: "open", status: null, cost: null };
      await vi.waitFor(
        async () => expect(await ledger.find("alice", "again")).toMatchObject(wanted),
        10_000,
      );
      await ledger.close(newest.id, closing({ state: "failed", status: 502 }));
      expect(await ledger.find("alice", "again")).toMatchObject({ state: "failed", status: 502 });
    });

    test("come in pages, the newest first, none twice and none left out", async () => {
      const { ledger } = await start();
      const mine: string[] = [];
      for (let index = 0; index < 21; index++) {
        const user = index % 3 ? "alice" : "bob";
        // Several begin in the same millisecond.
        const startedAt = Date.UTC(2026, 10, 21) + Math.floor(index / 4);
        const row = await addRow(ledger, { user, startedAt }, { cost: 0.5 });
        if (user === "alice") mine.unshift(row.id);
      }
      const seen: string[] = [];
      let before: PageStart | null = null;
      do {
        const page: Awaited<ReturnType<typeof ledger.reports.requests>> =
          await ledger.reports.requests({ user: "alice", limit: 4, before });
        expect(page.lines.length).toBeLessThanOrEqual(4);
        seen.push(...page.lines.map(({ id }) => id));
        before = page.next;
      } while (before !== null);
      expect(seen).toEqual(mine);
      const newest = await ledger.reports.requests({ user: "alice", limit: 1, before: null });
      expect(newest.lines[0]).toMatchObject({
        ...{ model: "qwen", streamed: true, state: "done", status: 200, error_code: null },
        ...{ started_at: "2026-11-21T00:00:00.005Z", queue_ms: 3, first_token_ms: 40, cost: 0.5 },
      });
    });

    test("take texts and numbers that no client or upstream can mean", async () => {
      const { ledger, accounts } = await start();
      const usage = { input: -1, output: Number.NaN, cached: 1e300, reasoning: 1.4, source: null };
      const row = await addRow(
        ledger,
        { model: "m".repeat(100_000), path: "/v1/\0\ud800'\\\"" },
        { usage, firstTokenMs: 0.2, upstreamId: "\0\ud800".repeat(999), cost: Number.NaN },
      );
      expect(await ledger.find("alice", row.id)).toMatchObject({
        ...{ state: "done", input: null, output: null, cached: null, reasoning: 1 },
        ...{ firstTokenMs: 0, model: "m".repeat(256), cost: null },
      });
      expect(await ledger.totals()).toMatchObject([{ requests: 1, input: 0, unmetered: 1 }]);
      expect(await accounts.verify()).toEqual([]);
    });

    test("count once, however often they are closed, and unknown ids change nothing", async () => {
      const { ledger, accounts } = await start();
      const row = await addRow(ledger);
      await ledger.close(row.id, closing({ state: "failed" }));
      await ledger.close("nobody", closing());
      expect(await ledger.totals()).toMatchObject([{ user: "alice", requests: 1, errors: 0 }]);
      expect(await accounts.verify()).toEqual([]);
    });
  });

  describe(`the sums of ${name}`, () => {
    test("are exact, and outlive a restart", async () => {
      const { ledger, accounts } = await start();
      const odd = [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, null];
      const costs = [...Array<number>(3_000).fill(0.001), ...odd];
      await Promise.all(costs.map((cost) => addRow(ledger, {}, { cost })));
      await addRow(ledger, { user: "bob", key: "0123456789abcdef" }, { state: "cancelled" });
      const expected = [
        { user: "alice", withKey: 0, requests: 3_005, input: 30_050, cached: 12_020, cost: 3 },
        { user: "bob", withKey: 1, requests: 1, output: 5, cancelled: 1, errors: 0, cost: 0 },
      ];
      expect(await ledger.totals()).toMatchObject(expected);
      await ledger.shutdown();
      const next = await started(accounts);
      expect(await next.totals()).toMatchObject(expected);
      expect(next.state()).toMatchObject({ ok: true, spooled: 0, dropped: 0, error: null });
      expect(await accounts.verify()).toEqual([]);
    });

    test("tell what a user spent from a UTC day on, and ever", async () => {
      const { ledger } = await start();
      for (const [startedAt, cost] of [
        [Date.UTC(2025, 0, 1), 1000],
        [Date.UTC(2026, 10, 22, 23, 59), 10],
        [Date.UTC(2026, 10, 23), 1],
        [Date.UTC(2026, 10, 25), 0.5],
      ] as const) {
        await addRow(ledger, { startedAt }, { cost });
      }
      const noon = Date.UTC(2026, 10, 25, 12);
      await addRow(ledger, { user: "bob", startedAt: noon }, { cost: 7 });
      const spent = (since: number) => ledger.spent("alice", since);
      expect(await spent(0)).toEqual({ requests: 4, input: 40, output: 20, cost: 1011.5 });
      expect(await spent(Date.UTC(2026, 10, 23))).toMatchObject({ requests: 2, cost: 1.5 });
      // A day counts as a whole.
      expect(await spent(noon)).toEqual({ requests: 1, input: 10, output: 5, cost: 0.5 });
      expect(await spent(noon + day)).toEqual({ requests: 0, input: 0, output: 0, cost: 0 });
    });

    test("have at most 300 names of models for a user at an upstream", async () => {
      const { ledger, accounts } = await start();
      const names = Array.from({ length: 330 }, (_, index) => `model-${index}`);
      await Promise.all(names.map((model) => addRow(ledger, { model, startedAt: now })));
      const query = { from: 0, to: now + hour, groups: ["model"] as const, user: null };
      const { lines } = await ledger.reports.usage({ ...query, timeZone: "UTC", now });
      expect(lines.length).toBe(301);
      expect(lines.find(({ model }) => model === otherModels)).toMatchObject({ requests: 30 });
      expect(await accounts.verify()).toEqual([]);
    });
  });

  readsContract(name, async () => (await start()).ledger);
}
