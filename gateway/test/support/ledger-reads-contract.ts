import { describe, expect, test } from "vitest";
import type { Ledger } from "../../ledger/ledger.ts";
import { createTimeZone } from "../../ledger/time-zone.ts";
import type { UsageQuery } from "../../ledger/usage-report.ts";
import { addRow } from "./test-ledger.ts";

const hour = 3_600_000;
const day = 24 * hour;
const at = (text: string): number => Date.parse(text);
const now = Date.now();

/**
 * What every ledger promises of its windows and its reports.
 * @param start - opens an empty ledger, which is closed when the test ends
 */
export function readsContract(name: string, start: () => Promise<Ledger>): void {
  describe(`the windows of limits in ${name}`, () => {
    test("count a request at its start, and what it used at its end", async () => {
      const ledger = await start();
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
      const ledger = await start();
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
      const ledger = await start();
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
      const ledger = await start();
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
      const ledger = await start();
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
      const ledger = await start();
      for (const time of [before, after]) await addRow(ledger, { startedAt: at(time) });
      const query = { timeZone, now: at("2026-11-28T00:00Z"), from: at("2026-11-01T00:00Z") };
      expect(Object.values(await requestsBy(ledger, query))).toEqual([1, 1]);
      const zone = createTimeZone(timeZone);
      expect(zone.startOf(zone.dayOf(Math.floor(at(after) / 900_000))) * 900_000).toBe(at(after));
    });

    test("agree, wherever they begin and end, whether they read days or quarter hours", async () => {
      const ledger = await start();
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
      const ledger = await start();
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
      const ledger = await start();
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
      const ledger = await start();
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
