import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closing, opening } from "../test/support/test-ledger.ts";
import { migrate } from "./migrations.ts";
import { joinModelNames, otherModels } from "./model-names.ts";
import type { Row, RowClosing, RowOpening } from "./row.ts";
import { createRowWriter } from "./row-writer.ts";
import { verify } from "./verify.ts";

let db: Database.Database;
beforeEach(() => {
  db = new Database(":memory:");
  migrate(db);
});
afterEach(() => db.close());

const row = (open: Partial<RowOpening>, close: Partial<RowClosing> = {}): Row => ({
  opening: opening(open),
  closing: closing(close),
  queued: false,
  stored: false,
  number: 0,
});
const names = (user: string, upstream = "gpu"): string[] =>
  db
    .prepare<[string, string], string>(
      "SELECT DISTINCT model FROM rollups WHERE user = ? AND upstream = ?",
    )
    .pluck()
    .all(user, upstream);
const madeUp = (count: number, from = 0): Row[] =>
  Array.from({ length: count }, (_, at) => row({ model: `made-up ${from + at}`, upstream: "gpu" }));

test("made-up names beyond 300 count together, and rows still agree with sums", () => {
  const write = createRowWriter(db, 1);
  write(madeUp(1_000));
  write(madeUp(1_000, 500));
  expect(names("alice")).toHaveLength(301);
  expect(names("alice")).toContain(otherModels);
  expect(names("alice")).toContain("made-up 0");
  expect(verify(db)).toEqual([]);
  const quarters = db.prepare("SELECT count(*) FROM quarters").pluck().get();
  expect(quarters).toBe(301);
  // The row keeps what was asked for.
  const last = db.prepare("SELECT model, served_model FROM generations ORDER BY number DESC").get();
  expect(last).toEqual({ model: "made-up 1499", served_model: otherModels });
});

test("a restart does not begin to count anew, and known names keep their lines", () => {
  createRowWriter(db, 1)(madeUp(400));
  const write = createRowWriter(db, 2);
  write([...madeUp(10, 5_000), row({ model: "made-up 7", upstream: "gpu" })]);
  expect(names("alice")).toHaveLength(301);
  const known = db.prepare("SELECT sum(requests) FROM rollups WHERE model = ?").pluck();
  expect(known.get("made-up 7")).toBe(2);
  expect(known.get(otherModels)).toBe(110);
  expect(verify(db)).toEqual([]);
});

test("the bound is for each user and upstream, and the model that served is what counts", () => {
  const write = createRowWriter(db, 1);
  write(madeUp(400));
  write([
    row({ user: "bob", model: "b", upstream: "gpu" }),
    row({ model: "c", upstream: "other" }),
    row({ model: "d", upstream: "gpu" }, { servedBy: "other" }),
    row({ model: "made-up 9999", upstream: "gpu" }, { servedModel: "made-up 0" }),
  ]);
  expect(names("bob")).toEqual(["b"]);
  expect(names("alice", "other")).toEqual(["c", "d"]);
  expect(names("alice")).toHaveLength(301);
  expect(verify(db)).toEqual([]);
});

test("a ledger that has too many names is put right at a start, the most used names first", () => {
  const write = createRowWriter(db, 1);
  write([...madeUp(60), ...madeUp(5, 55), row({ user: "o'bob", model: "b", upstream: "gpu" })]);
  joinModelNames(db, 50);
  expect(names("alice")).toHaveLength(51);
  expect(names("alice")).toEqual(expect.arrayContaining(["made-up 59", otherModels]));
  expect(names("o'bob")).toEqual(["b"]);
  expect(verify(db)).toEqual([]);
  const total = db.prepare("SELECT sum(requests), sum(output_tokens) FROM rollups").raw().get();
  expect(total).toEqual([66, 330]);
  joinModelNames(db, 50);
  expect(names("alice")).toHaveLength(51);
});
