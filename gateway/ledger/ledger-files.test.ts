import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import Database from "better-sqlite3";
import { expect, onTestFinished, test, vi } from "vitest";
import { closing, opening, temporaryFile } from "../test/support/test-ledger.ts";
import { type Ledger, type LedgerOptions, openLedger } from "./ledger.ts";
import { verify } from "./verify.ts";

type Started = { ledger: Ledger; said: string[] };

function start(file: string, more: Partial<LedgerOptions> = {}): Started {
  const said: string[] = [];
  const onTrouble = (message: string): void => void said.push(message);
  const ledger = openLedger({ file, onTrouble, lookEveryMs: 20, ...more });
  onTestFinished(() => ledger.shutdown());
  return { ledger, said };
}

async function write(ledger: Ledger, count: number, user = "alice"): Promise<void> {
  const rows = Array.from({ length: count }, () => opening({ user }));
  for (const row of rows) ledger.open(row);
  await Promise.all(rows.map((row) => ledger.close(row.id, closing())));
}

/** Rows by state, and whether the sums agree with them. */
function held(file: string): { done: number; others: number; faults: string[] } {
  const db = new Database(file, { readonly: true });
  try {
    const count = (where: string): number =>
      Number(db.prepare(`SELECT count(*) FROM generations WHERE ${where}`).pluck().get());
    return { done: count("state = 'done'"), others: count("state <> 'done'"), faults: verify(db) };
  } finally {
    db.close();
  }
}

const whole = (done: number) => ({ done, others: 0, faults: [] });
const deleteAll = (file: string): void => {
  for (const end of ["", "-wal", "-shm"]) rmSync(file + end, { force: true });
};
const noticed = (ledger: Ledger, word: string): Promise<void> =>
  vi.waitFor(() => expect(ledger.state().notice).toContain(word), { timeout: 5_000 });

test.each([
  ["with its logs", deleteAll],
  ["alone", (file: string) => rmSync(file)],
  ["with its directory", (file: string) => rmSync(dirname(file), { recursive: true })],
])("a file that was deleted %s is made again, with all its rows", async (_, remove) => {
  const file = join(dirname(temporaryFile()), "deep", "gateway.db");
  const { ledger, said } = start(file);
  await write(ledger, 50);
  const running = opening();
  ledger.open(running);
  ledger.waits(running.id);
  await new Promise((resolve) => setImmediate(resolve));
  remove(file);
  await write(ledger, 50, "bob");
  await noticed(ledger, "was deleted; all its rows were saved to a new one");
  expect(said).toContainEqual(expect.stringContaining("was deleted"));
  await ledger.close(running.id, closing());
  await write(ledger, 5);
  await vi.waitFor(() =>
    expect(ledger.state()).toMatchObject({ ok: true, spooled: 0, dropped: 0 }),
  );
  expect(await ledger.totals()).toMatchObject([{ requests: 56 }, { user: "bob", requests: 50 }]);
  const report = await ledger.reports.requests({ user: "bob", limit: 100, before: null });
  expect(report.lines).toHaveLength(50);
  await ledger.shutdown();
  expect(readdirSync(dirname(file))).toEqual(["gateway.db"]);
  expect(held(file)).toEqual(whole(106));
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test("a log that was deleted alone is made again, and no row with it is lost", async () => {
  const file = temporaryFile();
  const { ledger } = start(file);
  await write(ledger, 30);
  const running = opening();
  ledger.open(running);
  ledger.waits(running.id);
  await new Promise((resolve) => setImmediate(resolve));
  for (const end of ["-wal", "-shm"]) rmSync(file + end);
  await write(ledger, 10);
  await noticed(ledger, "its log was deleted; nothing is lost");
  await ledger.close(running.id, closing());
  await write(ledger, 5);
  await vi.waitFor(() => expect(ledger.state()).toMatchObject({ ok: true, spooled: 0 }));
  // What another process reads now, before any stop.
  expect(held(file)).toEqual(whole(46));
});

test("a file that was deleted a moment before the stop loses nothing", async () => {
  const file = temporaryFile();
  const { ledger } = start(file, { lookEveryMs: 60_000 });
  await write(ledger, 20);
  deleteAll(file);
  await write(ledger, 20);
  await ledger.shutdown();
  expect(held(file)).toEqual(whole(40));
});

test("a file that was moved keeps its rows, and a new one is begun", async () => {
  const file = temporaryFile();
  const { ledger, said } = start(file);
  await write(ledger, 50);
  const running = opening();
  ledger.open(running);
  ledger.waits(running.id);
  await new Promise((resolve) => setImmediate(resolve));
  renameSync(file, `${file}.moved`);
  await write(ledger, 7);
  await noticed(ledger, "was moved away; a new one was begun");
  expect(said).toContainEqual(expect.stringContaining("was moved away"));
  await ledger.close(running.id, closing());
  await write(ledger, 5);
  await vi.waitFor(() => expect(ledger.state()).toMatchObject({ ok: true, spooled: 0 }));
  await ledger.shutdown();
  const [old, fresh] = [held(`${file}.moved`), held(file)];
  // Each row is in one of the two files, the one that ran in the new one.
  expect(old.done + fresh.done).toBe(63);
  expect(fresh.done).toBeGreaterThanOrEqual(6);
  expect([old, fresh]).toMatchObject([
    { others: 0, faults: [] },
    { others: 0, faults: [] },
  ]);
});

test("a file that was replaced by another ledger is saved beside it, and rows go on there", async () => {
  const file = temporaryFile();
  const other = `${file}.other`;
  const first = start(other);
  await write(first.ledger, 3, "carol");
  await first.ledger.shutdown();
  const { ledger } = start(file);
  await write(ledger, 50);
  renameSync(other, file);
  await write(ledger, 4);
  await noticed(ledger, "was replaced by another one");
  await write(ledger, 5);
  await ledger.shutdown();
  const saved = readdirSync(dirname(file)).find((name) => name.includes(".saved-"));
  expect(ledger.state().notice).toContain(saved);
  const [old, fresh] = [held(join(dirname(file), saved ?? "")), held(file)];
  expect(old.done + fresh.done).toBe(62);
  expect(fresh.done).toBeGreaterThanOrEqual(8);
  expect([old.faults, fresh.faults]).toEqual([[], []]);
});

test("the log of the file that came instead is not removed with the old one", async () => {
  const file = temporaryFile();
  const { ledger } = start(file);
  await write(ledger, 5);
  // A copy of a ledger in use: most of its rows are in its log.
  const source = start(`${file}.source`);
  await write(source.ledger, 30, "carol");
  for (const end of ["", "-wal"]) copyFileSync(`${file}.source${end}`, `${file}.copy${end}`);
  rmSync(`${file}-shm`, { force: true });
  for (const end of ["-wal", ""]) renameSync(`${file}.copy${end}`, file + end);
  await noticed(ledger, "was replaced");
  await write(ledger, 2);
  await ledger.shutdown();
  expect(held(file)).toMatchObject({ done: 32 });
});

test("a file that was replaced by something else is told, and rows stay in the old one", async () => {
  const file = temporaryFile();
  const { ledger, said } = start(file);
  await write(ledger, 10);
  renameSync(file, `${file}.moved`);
  writeFileSync(file, "notes of somebody\n".repeat(500));
  await vi.waitFor(() => expect(ledger.state().ok).toBe(false), { timeout: 5_000 });
  expect(ledger.state().error).toContain("is no ledger of this version");
  await write(ledger, 10);
  expect(readFileSync(file, "utf8")).toContain("notes of somebody");
  expect(said.filter((line) => line.includes("is no ledger"))).toHaveLength(1);
  rmSync(file);
  await noticed(ledger, "was moved away");
  await vi.waitFor(() => expect(ledger.state()).toMatchObject({ ok: true, error: null }));
  await ledger.shutdown();
  expect(held(`${file}.moved`).done + held(file).done).toBe(20);
});

test("a link to the file is no move, and a backup is none", async () => {
  const file = temporaryFile();
  const link = `${file}.link`;
  writeFileSync(file, "");
  symlinkSync(file, link);
  const { ledger } = start(link);
  await write(ledger, 3);
  copyFileSync(file, `${file}.backup`);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(ledger.state()).toMatchObject({ ok: true, notice: null });
  rmSync(file);
  await noticed(ledger, "was deleted");
  await ledger.shutdown();
  expect(held(link)).toEqual(whole(3));
});

/** Makes a ledger of 500 rows, and damages it. */
async function damaged(file: string, how: "header" | "middle"): Promise<void> {
  const { ledger } = start(file);
  await write(ledger, 500);
  await ledger.shutdown();
  const bytes = readFileSync(file);
  if (how === "header") bytes.fill(7, 0, 200);
  else bytes.fill(7, 1_024);
  writeFileSync(file, bytes);
}

test.each(["header", "middle"] as const)("a damaged file (%s) says what to do", async (how) => {
  const file = temporaryFile();
  await damaged(file, how);
  expect(() => start(file)).toThrow(/restore a backup .* or set DATABASE_IF_DAMAGED=new/);
  expect(readdirSync(dirname(file))).toEqual(["gateway.db"]);
});

test.each(["header", "middle"] as const)(
  "by the setting a damaged file (%s) is moved aside for a new one",
  async (how) => {
    const file = temporaryFile();
    await damaged(file, how);
    const bytes = readFileSync(file);
    const { ledger, said } = start(file, { ifDamaged: "new" });
    expect(ledger.state()).toMatchObject({ ok: true, notice: expect.stringContaining("damaged") });
    expect(said.join()).toContain("it was moved to gateway.db.damaged-");
    await write(ledger, 3);
    await ledger.shutdown();
    expect(held(file)).toEqual(whole(3));
    const aside = readdirSync(dirname(file)).find((name) =>
      name.startsWith(`${basename(file)}.dam`),
    );
    expect(readFileSync(join(dirname(file), aside ?? "")).equals(bytes)).toBe(true);
  },
);

test.each(["stop", "new"] as const)("damage while it runs: %s", async (ifDamaged) => {
  const file = temporaryFile();
  const { ledger } = start(file, { ifDamaged, lookEveryMs: 60_000, drainMs: 50 });
  await write(ledger, 500);
  await ledger.shutdown();
  const again = start(file, { ifDamaged, drainMs: 50 });
  // What is in SQLite's memory stays right; the rest is garbage.
  truncateSync(file, 4_096);
  writeFileSync(file, Buffer.alloc(60_000, 7), { flag: "r+", flush: true });
  await write(again.ledger, 5);
  if (ifDamaged === "stop") {
    expect(again.ledger.state()).toMatchObject({ ok: false, spooled: 5 });
    expect(again.ledger.state().error).toMatch(/DATABASE_IF_DAMAGED=new/);
    return;
  }
  await noticed(again.ledger, "is damaged; it was moved to");
  await vi.waitFor(() => expect(again.ledger.state()).toMatchObject({ ok: true, spooled: 0 }));
  await again.ledger.shutdown();
  expect(held(file)).toEqual(whole(5));
  expect(existsSync(file)).toBe(true);
});
