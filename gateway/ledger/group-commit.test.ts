import type Database from "better-sqlite3";
import { expect, onTestFinished, test, vi } from "vitest";
import { closing, connect, opening, rowOf, temporaryFile } from "../test/support/test-ledger.ts";
import { openDatabase } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import type { Row, RowClosing, RowOpening } from "./row.ts";
import { createRowWriter } from "./row-writer.ts";
import { verify } from "./verify.ts";

type Bench = { db: Database.Database; file: string; commits: GroupCommit; said: string[] };

/** The writer's own connection in the test's hand, so that it can be given trouble. */
function start(change: { spoolLimit?: number; patienceMs?: number } = {}): Bench {
  const file = temporaryFile();
  const { db, instance } = openDatabase(file);
  const said: string[] = [];
  const commits = new GroupCommit({
    write: createRowWriter(db, instance.id),
    spoolLimit: change.spoolLimit ?? 10_000,
    patienceMs: change.patienceMs ?? 200,
    onTrouble: (message) => said.push(message),
    onRecovery: () => said.push("recovered"),
    onCommit() {},
  });
  onTestFinished(async () => {
    await commits.drain(0);
    instance.end();
    db.close();
  });
  return { db, file, commits, said };
}

function rowFor(change: Partial<RowOpening> = {}, end: RowClosing | null = closing()): Row {
  return { opening: opening(change), closing: end, queued: false, stored: false, number: 0 };
}

async function add(commits: GroupCommit, ...rows: Row[]): Promise<void> {
  for (const row of rows) commits.add(row);
  await commits.settled();
}

const recovered = ({ commits }: Bench): Promise<void> =>
  vi.waitFor(() => expect(commits.state()).toMatchObject({ spooled: 0, error: null }), 10_000);

test("a poisoned row does not take its batch with it", async () => {
  const { db, commits, said } = start();
  const good = [rowFor(), rowFor(), rowFor()];
  const nameless = rowFor({ user: null as never });
  const shapeless = rowFor({ user: { name: "eve" } as never });
  const timeless = rowFor({ startedAt: Number.NaN });
  await add(commits, good[0]!);
  await add(commits, good[1]!, nameless, shapeless, timeless, good[2]!);
  for (const row of good) expect(rowOf(db, row.opening.id)).toMatchObject({ user: "alice" });
  expect(commits.state()).toEqual({ spooled: 0, dropped: 3, error: null });
  expect(said).toHaveLength(3);
  expect(verify(db)).toEqual([]);
});

test("another writer's lock never holds up the event loop, and the rows arrive later", async () => {
  const bench = start({ patienceMs: 50 });
  const { commits, db, file, said } = bench;
  const other = connect(file);
  other.exec("BEGIN IMMEDIATE");
  const row = rowFor({}, null);
  let longest = 0;
  let last = performance.now();
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last);
    last = performance.now();
  }, 1);
  await add(commits, row);
  row.closing = closing();
  await add(commits, row, rowFor());
  await new Promise((resolve) => setTimeout(resolve, 300));
  clearInterval(watch);
  // SQLite's own waiting would be seconds.
  expect(longest).toBeLessThan(250);
  expect(commits.state()).toEqual({ spooled: 2, dropped: 0, error: "database is locked" });
  expect(said).toHaveLength(1);
  other.exec("COMMIT");
  await recovered(bench);
  expect(rowOf(db, row.opening.id)).toMatchObject({ state: "done" });
  expect(said.at(-1)).toBe("recovered");
  expect(verify(db)).toEqual([]);
});

test("a short lock delays a close, so that what a client saw the end of is on disk", async () => {
  const { commits, db, file, said } = start({ patienceMs: 20_000 });
  const other = connect(file);
  other.exec("BEGIN IMMEDIATE");
  const row = rowFor();
  const closed = add(commits, row);
  setTimeout(() => other.exec("COMMIT"), 60);
  await closed;
  expect(rowOf(db, row.opening.id)).toMatchObject({ state: "done" });
  expect(said).toEqual([]);
});

test("a full disk: closes resolve at once, and the rows are written when there is room", async () => {
  const bench = start();
  const { commits, db } = bench;
  const before = rowFor();
  await add(commits, before);
  const pages = Number(db.pragma("page_count", { simple: true }));
  db.pragma(`max_page_count = ${pages}`);
  const rows = Array.from({ length: 300 }, () => rowFor({ path: `/v1/${"x".repeat(200)}` }));
  await add(commits, ...rows);
  expect(commits.state()).toMatchObject({ dropped: 0, error: "database or disk is full" });
  expect(commits.state().spooled).toBeGreaterThan(0);
  db.pragma("max_page_count = 1000000");
  await recovered(bench);
  for (const row of [before, ...rows]) {
    expect(rowOf(db, row.opening.id)).toMatchObject({ state: "done" });
  }
  expect(verify(db)).toEqual([]);
});

test("a database turned read-only: rows wait, an opening is closed in the spool", async () => {
  const bench = start();
  const { commits, db } = bench;
  const stored = rowFor({}, null);
  await add(commits, stored);
  db.pragma("query_only = 1");
  const fresh = rowFor({}, null);
  await add(commits, fresh);
  expect(commits.state()).toMatchObject({ spooled: 1 });
  expect(commits.state().error).toContain("readonly");
  stored.closing = closing();
  fresh.closing = closing({ state: "cancelled" });
  await add(commits, stored, fresh);
  expect(commits.state()).toMatchObject({ spooled: 2, dropped: 0 });
  db.pragma("query_only = 0");
  await recovered(bench);
  expect(rowOf(db, stored.opening.id)).toMatchObject({ state: "done" });
  expect(rowOf(db, fresh.opening.id)).toMatchObject({ state: "cancelled" });
  expect(verify(db)).toEqual([]);
});

test("a full spool keeps the old rows and counts each closed one it drops", async () => {
  const bench = start({ spoolLimit: 5 });
  const { commits, db } = bench;
  db.pragma("query_only = 1");
  const rows = Array.from({ length: 8 }, () => rowFor());
  await add(commits, ...rows);
  expect(commits.state()).toMatchObject({ spooled: 5, dropped: 3 });
  await add(commits, rowFor(), rowFor({}, null));
  expect(commits.state()).toMatchObject({ spooled: 5, dropped: 4 });
  db.pragma("query_only = 0");
  await recovered(bench);
  const found = rows.map((row) => rowOf(db, row.opening.id)?.state);
  expect(found).toEqual([..."12345"].map(() => "done").concat(Array(3).fill(undefined)));
  expect(verify(db)).toEqual([]);
});

test("a row that was removed, or had no room for its opening, is written whole", async () => {
  const { commits, db } = start();
  const row = rowFor({}, null);
  await add(commits, row);
  db.exec("DELETE FROM generations");
  row.closing = closing();
  await add(commits, row);
  expect(rowOf(db, row.opening.id)).toMatchObject({ state: "done", user: "alice" });
  expect(verify(db)).toEqual([]);
});

test("draining writes all that waits, in chunks, and tells what it could not write", async () => {
  const { commits, db } = start();
  const rows = Array.from({ length: 1000 }, () => rowFor());
  for (const row of rows) commits.add(row);
  expect(await commits.drain(10_000)).toBe(0);
  expect(db.prepare("SELECT count(*) FROM generations").pluck().get()).toBe(1000);
  db.pragma("query_only = 1");
  commits.add(rowFor());
  expect(await commits.drain(50)).toBe(1);
  db.pragma("query_only = 0");
});
