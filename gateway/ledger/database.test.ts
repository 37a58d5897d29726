import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { closing, connect, opening, temporaryFile } from "../test/support/test-ledger.ts";
import { openDatabase } from "./database.ts";
import { applicationId, migrate, migrations, unsuitable } from "./migrations.ts";

/** The one line a start ends with. */
function refusal(file: string): string {
  try {
    openDatabase(file);
  } catch (error) {
    const { message } = error as Error;
    expect(message).not.toContain("\n");
    expect(message).toContain(file);
    return message;
  }
  throw new Error("it opened");
}

test("a file that is no database is refused and left as it was", () => {
  const file = temporaryFile();
  writeFileSync(file, "users, 2026\n".repeat(500));
  expect(refusal(file)).toContain("it is not a SQLite database; move it away or correct");
});

test("another program's database is refused and left as it was", () => {
  const file = temporaryFile();
  const other = connect(file);
  other.exec("CREATE TABLE recipes (name TEXT)");
  expect(refusal(file)).toContain("the database of another program");
  expect(other.pragma("journal_mode", { simple: true })).toBe("delete");
});

test("a schema from a newer gateway is refused", () => {
  const file = temporaryFile();
  const { db, instance } = openDatabase(file);
  db.pragma(`user_version = ${migrations.length + 1}`);
  instance.end();
  db.close();
  expect(refusal(file)).toContain("run the newer gateway");
});

test("a directory, or a path through a file, is named as such", () => {
  const file = temporaryFile();
  mkdirSync(file);
  expect(refusal(file)).toContain("it is a directory");
  writeFileSync(join(dirname(file), "notes"), "");
  const through = join(dirname(file), "notes", "gateway.db");
  expect(refusal(through)).toContain("a file, not a directory");
});

test("an empty file is taken, and so is a link to one", () => {
  const file = temporaryFile();
  writeFileSync(file, "");
  symlinkSync(file, `${file}-link`);
  const { db, instance } = openDatabase(`${file}-link`);
  expect(db.name).toBe(file);
  expect(db.pragma("journal_mode", { simple: true })).toBe("wal");
  expect(db.pragma("busy_timeout", { simple: true })).toBe(0);
  instance.end();
  db.close();
});

test("a database of version 1 is brought up to date with its rows", () => {
  const db = new Database(":memory:");
  migrate(db, migrations.slice(0, 1));
  const { id, user } = opening();
  db.prepare(
    `INSERT INTO generations (id, request_id, user, upstream, dialect, path, streamed, state,
       started_at, instance) VALUES (?, 'r', ?, 'u', 'chat', '/', 0, ?, 1, 1)`,
  ).run(id, user, closing().state);
  const newer = [...migrations, "ALTER TABLE generations ADD COLUMN later INTEGER"];
  migrate(db, newer);
  migrate(db, newer);
  expect(db.pragma("user_version", { simple: true })).toBe(newer.length);
  expect(db.pragma("application_id", { simple: true })).toBe(applicationId);
  expect(db.prepare("SELECT id, later FROM generations").all()).toEqual([{ id, later: null }]);
  expect(unsuitable(db, newer.length)).toBeNull();
  db.close();
});

test("a migration that fails leaves the version before it whole", () => {
  const db = new Database(":memory:");
  const broken = [...migrations, "CREATE TABLE half (a); CREATE TABLE half (a)"];
  expect(() => migrate(db, broken)).toThrow("already exists");
  expect(db.pragma("user_version", { simple: true })).toBe(migrations.length);
  expect(db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'half'").all()).toEqual([]);
  db.close();
});
