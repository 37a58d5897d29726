import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { migrate } from "./migrations.ts";
import type { Row } from "./row.ts";
import { createRowWriter } from "./row-writer.ts";
import { createWindowCounts } from "./window-counts.ts";

const hour = 3_600_000;
const now = Date.UTC(2026, 10, 21, 12);
let db: Database.Database;
let count = 0;
beforeEach(() => {
  db = new Database(":memory:");
  migrate(db);
});
afterEach(() => db.close());

/**
 * A row of alice's: 10 tokens in, 5 out, 2 s of the upstream, half a dollar, unless told otherwise.
 */
function row(
  startedAt: number,
  changes: Partial<NonNullable<Row["closing"]>> = {},
  user = "alice",
): Row {
  return {
    opening: {
      id: String(count++),
      requestId: "r",
      user,
      model: "m",
      upstream: "u",
      dialect: "chat",
      path: "/v1/chat/completions",
      streamed: false,
      startedAt,
    },
    closing: {
      state: "done",
      status: 200,
      errorCode: null,
      queueMs: 0,
      firstTokenMs: null,
      upstreamMs: 2_000,
      durationMs: 3_000,
      usage: { input: 10, output: 5, cached: null, reasoning: null, source: "reported" },
      upstreamId: null,
      cost: 0.5,
      ...changes,
    },
    queued: false,
    stored: false,
    number: 0,
  };
}

const write = (...rows: Row[]) => createRowWriter(db, 1)(rows);
const sums = (since: number) => {
  const found = createWindowCounts(db)("alice", since, now).filter(({ at }) => at > since);
  const sum = (name: "requests" | "tokens" | "upstream" | "cost") =>
    found.reduce((total, one) => total + one[name], 0);
  return [sum("requests"), sum("tokens"), sum("upstream"), sum("cost")];
};

test("requests count when they were accepted, all else when it ended", () => {
  write(row(now - 10_000));
  expect(createWindowCounts(db)("alice", now - hour, now)).toEqual([
    { at: now - 10_000, requests: 1, tokens: 0, upstream: 0, cost: 0 },
    { at: now - 7_000, requests: 0, tokens: 15, upstream: 2_000, cost: 0.5 },
  ]);
});

test("others, and what is long ago, do not count; what began before and ended within does", () => {
  write(row(now - 1_000, {}, "bob"), row(now - 2 * hour));
  expect(sums(now - hour)).toEqual([0, 0, 0, 0]);
  write(row(now - 2 * hour, { durationMs: hour + 5_000 }));
  expect(sums(now - hour)).toEqual([0, 15, 2_000, 0.5]);
});

test("an open row counts as a request, and unknown tokens as none", () => {
  write({ ...row(now - 1_000), closing: null });
  const usage = { input: null, output: 7, cached: null, reasoning: null, source: null };
  write(row(now - 1_000, { usage, upstreamMs: null, cost: null }));
  expect(sums(now - hour)).toEqual([2, 7, 0, 0]);
});

test("a month is the rows of the last days and the rollups of those before, each once", () => {
  const days = Array.from({ length: 40 }, (_, index) => row(now - index * 24 * hour));
  write(...days);
  const month = now - 30 * 24 * hour;
  // Also the day in which the month begins, as a whole: it leaves when all of it has.
  expect(sums(month)).toEqual([31, 31 * 15, 31 * 2_000, 15.5]);
  db.exec(`DELETE FROM generations WHERE started_at < ${now - 4 * 24 * hour}`);
  expect(sums(month)).toEqual([31, 31 * 15, 31 * 2_000, 15.5]);
});

test("what a clock that was ahead has written counts when its time has come, and not before", () => {
  write(row(now - 1_000), row(now + 2 * hour), row(now + 40 * 24 * hour));
  expect(sums(now - hour)).toEqual([1, 15, 2_000, 0.5]);
  expect(sums(now - 30 * 24 * hour)).toEqual([1, 15, 2_000, 0.5]);
  const since = now + hour;
  const found = createWindowCounts(db)("alice", since, now + 3 * hour);
  const later = found.filter(({ at }) => at > since);
  expect(later.reduce((sum, { requests }) => sum + requests, 0)).toBe(1);
});

test("a clock that is set back by seconds gives nothing back", () => {
  write(row(now + 5_000));
  expect(sums(now - hour)).toEqual([1, 15, 2_000, 0.5]);
});

test("a busy user's rows come as one for each second", () => {
  write(...Array.from({ length: 5_000 }, (_, index) => row(now - 60_000 + (index % 1_000))));
  const found = createWindowCounts(db)("alice", now - hour, now);
  expect(found.length).toBeLessThanOrEqual(4);
  expect(sums(now - hour)).toEqual([5_000, 75_000, 10_000_000, 2_500]);
});
