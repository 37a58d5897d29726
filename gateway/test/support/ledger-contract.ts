import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Ledger, RowClosing, RowOpening } from "../../ledger/ledger.ts";
import { otherModels } from "../../ledger/model-names.ts";
import type { PageStart } from "../../ledger/requests-page.ts";
import { createTimeZone } from "../../ledger/time-zone.ts";
import type { UsageQuery } from "../../ledger/usage-report.ts";
import { closing, opening } from "./test-ledger.ts";

/** The accounts of one test: gateways open them, one after the other or several at once. */
export type Accounts = {
  /** A gateway opens them; the test closes it. */
  open(): Promise<Ledger>;
  /** In what sums and rows disagree. */
  verify(): Promise<string[]>;
};

const hour = 3_600_000;
const day = 24 * hour;
const at = (text: string): number => Date.parse(text);
const now = Date.now();

/** One generation, from its acceptance to its end. */
export async function addRow(
  ledger: Ledger,
  change: Partial<RowOpening> = {},
  end: Partial<RowClosing> = {},
): Promise<RowOpening> {
  const row = opening(change);
  ledger.open(row);
  await ledger.close(row.id, closing(end));
  return row;
}

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

  describe(`the windows of limits in ${name}`, () => {
    test("count a request at its start, and what it used at its end", async () => {
      const { ledger } = await start();
      await addRow(ledger, { startedAt: now - 10_000 }, { durationMs: 3_000, cost: 0.5 });
      await addRow(ledger, { startedAt: now - 1_000, user: "bob" });
      await addRow(ledger, { startedAt: now - 2 * hour }, { durationMs: hour + 5_000 });
      await addRow(ledger, { startedAt: now + 2 * hour });
      const counts = await ledger.windowCounts("alice", now - hour, now);
      expect(counts?.filter(({ at: time }) => time > now - hour)).toEqual([
        { at: now - hour + 5_000, requests: 0, tokens: 15, upstream: 100, cost: 0 },
        { at: now - 10_000, requests: 1, tokens: 0, upstream: 0, cost: 0 },
        { at: now - 7_000, requests: 0, tokens: 15, upstream: 100, cost: 0.5 },
      ]);
    });

    test("keep apart what was before and after a time, however close together", async () => {
      const { ledger } = await start();
      const second = Math.floor(now / 1_000) * 1_000 - 10_000;
      for (const ms of [100, 200, 700, 800, 900]) {
        await addRow(ledger, { startedAt: second + ms }, { durationMs: 10 });
      }
      const counts = (await ledger.windowCounts("alice", now - hour, now, second + 500)) ?? [];
      const before = counts.filter(({ at: time }) => time < second + 500);
      const sum = (of: "requests" | "tokens"): number =>
        before.reduce((total, one) => total + one[of], 0);
      expect([sum("requests"), sum("tokens")]).toEqual([2, 30]);
    });

    test("have the rows of the last days and the sums of those before, each once", async () => {
      const { ledger } = await start();
      for (let index = 0; index < 40; index++) {
        await addRow(ledger, { startedAt: now - index * day }, { cost: 0.5 });
      }
      const since = now - 30 * day;
      const counts = ((await ledger.windowCounts("alice", since, now)) ?? []).filter(
        ({ at: time }) => time > since,
      );
      const sum = (of: "requests" | "tokens" | "cost"): number =>
        counts.reduce((total, one) => total + one[of], 0);
      expect([sum("requests"), sum("tokens"), sum("cost")]).toEqual([31, 31 * 15, 15.5]);
      expect(counts.map(({ at: time }) => time)).toEqual(
        counts.map(({ at: time }) => time).toSorted((a, b) => a - b),
      );
    });

    test("of a key are sums of quarter hours, over all its people", async () => {
      const { ledger } = await start();
      const key = "0123456789abcdef";
      const quarter = Math.floor(now / 900_000) * 900_000;
      for (const user of ["alice", "bob"]) {
        await addRow(ledger, { startedAt: quarter, user, key }, { cost: 1 });
      }
      await addRow(ledger, { startedAt: quarter - day, key });
      await addRow(ledger, { startedAt: quarter });
      expect(await ledger.keyCounts(key, now - hour)).toEqual([
        { at: quarter + 899_999, requests: 2, tokens: 30, upstream: 200, cost: 2 },
      ]);
    });
  });

  describe(`the reports of ${name}`, () => {
    async function requestsBy(
      ledger: Ledger,
      query: Partial<UsageQuery>,
    ): Promise<Record<string, number>> {
      const groups = query.groups ?? ["day"];
      const whole = { from: 0, to: now + hour, user: null, timeZone: "UTC", now };
      const { lines } = await ledger.reports.usage({ ...whole, ...query, groups });
      return Object.fromEntries(
        lines.map((line) => [groups.map((group) => line[group]).join(" "), line.requests]),
      );
    }

    test("have the days of the time zone, on both sides of summer time", async () => {
      const { ledger } = await start();
      for (const time of [
        "2026-03-28T22:59:00Z", // 23:59 on the 28th in Berlin
        "2026-03-28T23:00:00Z", // the 29th begins, which has 23 hours
        "2026-03-29T21:59:00Z",
        "2026-03-29T22:00:00Z", // the 30th
        "2026-10-24T22:00:00Z", // the 25th begins, which has 25 hours
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:15:00Z",
        "2026-10-25T23:00:00Z", // the 26th
      ]) {
        await addRow(ledger, { startedAt: at(time) });
      }
      const may = { now: at("2026-05-01T00:00Z"), to: at("2026-05-01T00:00Z") };
      const timeZone = "Europe/Berlin";
      expect(await requestsBy(ledger, { ...may, timeZone })).toEqual({
        "2026-03-28": 1,
        "2026-03-29": 2,
        "2026-03-30": 1,
      });
      const autumn = { now: at("2026-11-01T00:00Z"), from: at("2026-10-20T00:00Z"), timeZone };
      expect(await requestsBy(ledger, autumn)).toEqual({ "2026-10-25": 3, "2026-10-26": 1 });
      // The hour that comes twice is two hours.
      expect(await requestsBy(ledger, { ...autumn, groups: ["hour"] })).toEqual({
        "2026-10-25T00:00+02:00": 1,
        "2026-10-25T02:00+02:00": 1,
        "2026-10-25T02:00+01:00": 1,
        "2026-10-26T00:00+01:00": 1,
      });
    });

    test.each([
      ["Asia/Kathmandu", "2026-11-21T18:14:59Z", "2026-11-21T18:15:00Z"],
      ["Pacific/Kiritimati", "2026-11-21T09:59:59Z", "2026-11-21T10:00:00Z"],
      ["America/St_Johns", "2026-11-21T03:29:59Z", "2026-11-21T03:30:00Z"],
    ])("find midnight in %s to the quarter of an hour", async (timeZone, before, after) => {
      const { ledger } = await start();
      for (const time of [before, after]) await addRow(ledger, { startedAt: at(time) });
      const query = { timeZone, now: at("2026-11-28T00:00Z"), from: at("2026-11-01T00:00Z") };
      expect(Object.values(await requestsBy(ledger, query))).toEqual([1, 1]);
      const zone = createTimeZone(timeZone);
      expect(zone.startOf(zone.dayOf(Math.floor(at(after) / 900_000))) * 900_000).toBe(at(after));
    });

    test("agree, wherever they begin and end, whether they read days or quarter hours", async () => {
      const { ledger } = await start();
      const first = Math.floor(now / day) * day - 5 * day;
      const times = Array.from({ length: 40 }, (_, i) => first + i * 2.9 * hour);
      for (const startedAt of times) await addRow(ledger, { startedAt });
      for (const [from, to] of [
        [first, now],
        [first + 5.25 * hour, first + 31 * hour],
        [first + 48 * hour, first + 72 * hour],
      ] as const) {
        const counted = times.filter((time) => time >= from && time < to).length;
        for (const groups of [[], ["day"], ["user"]] as const) {
          for (const [user, timeZone] of [
            [null, "UTC"],
            ["alice", "Asia/Tokyo"],
          ] as const) {
            const asked = { from, to, groups, user, timeZone, now };
            expect((await ledger.reports.usage(asked)).total.requests).toBe(counted);
          }
        }
      }
    });

    test("split by what is asked for, in the order of bytes, with costs that may be unknown", async () => {
      const { ledger } = await start();
      const key = "0123456789abcdef";
      await addRow(
        ledger,
        { startedAt: now, key, model: "fast", upstream: "gpu1" },
        { servedModel: "qwen-q4" },
      );
      for (const [user, cost] of [
        ["Zoë", 0],
        ["bob", 0.25],
        ["bob", null],
        ["Zürich", 1e-9],
      ] as const) {
        await addRow(ledger, { startedAt: now, user, dialect: "messages" }, { cost });
      }
      const groups = ["user", "key", "model", "dialect"] as const;
      const query = { from: now - day, to: now + hour, groups, user: null, timeZone: "UTC", now };
      const { lines, total } = await ledger.reports.usage(query);
      expect(lines).toMatchObject([
        { user: "Zoë", key: "", model: "qwen", requests: 1, cost: 0, unpriced: 0 },
        { user: "Zürich", cost: 1e-9 },
        { user: "alice", key, model: "qwen-q4", dialect: "chat", cost: null, unpriced: 1 },
        { user: "bob", dialect: "messages", requests: 2, cost: 0.25, unpriced: 1 },
      ]);
      expect(total).toMatchObject({ requests: 5, unpriced: 2, cost: 0.250_000_001 });
    });

    test("are empty before there is a row, and refuse hours that are gone", async () => {
      const { ledger } = await start();
      const query = { from: 0, to: now, groups: ["user"] as const, user: null, now };
      const report = await ledger.reports.usage({ ...query, timeZone: "UTC" });
      expect(report).toMatchObject({ lines: [], total: { requests: 0, cost: null } });
      const none = await ledger.reports.requests({ user: "alice", limit: 10, before: null });
      expect(none).toEqual({ lines: [], next: null });
      const hours = { ...query, groups: ["hour"] as const, timeZone: "UTC" };
      await expect(ledger.reports.usage(hours)).rejects.toMatchObject({
        code: "invalid_request",
        message: expect.stringContaining("Hours are kept for 90 days"),
      });
    });

    test("have UTC days where the days are older than 90 days, and say so", async () => {
      const { ledger } = await start();
      await addRow(ledger, { startedAt: now - 200 * day });
      await addRow(ledger, { startedAt: now - day });
      const { lines, utcBefore } = await ledger.reports.usage({
        ...{ from: 0, to: now + hour, groups: ["day"] as const, user: null },
        ...{ timeZone: "Europe/Berlin", now },
      });
      expect(lines.length).toBe(2);
      expect(lines[0]?.day).toBe(new Date(now - 200 * day).toISOString().slice(0, 10));
      expect(utcBefore).toBe((Math.floor(now / day) - 90) * day);
    });
  });
}
