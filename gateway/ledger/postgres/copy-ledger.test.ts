import { expect, onTestFinished, test, vi } from "vitest";
import { copy } from "../../cli/ledger/copy.ts";
import { runCommand } from "../../test/support/run-command.ts";
import {
  addRow,
  closing,
  connect,
  opening,
  temporaryFile,
} from "../../test/support/test-ledger.ts";
import { postgresOfFile, withPostgres } from "../../test/support/test-postgres.ts";
import { importTotals } from "../import-totals.ts";
import { type Ledger, openLedger } from "../ledger.ts";
import { forgetRows, rowsKeptFrom } from "../upkeep/forget-rows.ts";
import { copyLedger } from "./copy-ledger.ts";
import { openPostgresLedger } from "./open-postgres-ledger.ts";

const postgres = postgresOfFile();

const now = Date.now();
const day = 86_400_000;

/** What people can ask of the accounts. */
async function answers(ledger: Ledger): Promise<unknown[]> {
  const query = { from: 0, to: now + day, user: null, now };
  return [
    await ledger.totals(),
    await ledger.reports.usage({ ...query, groups: ["day", "user", "model"], timeZone: "UTC" }),
    await ledger.reports.usage({
      ...{ ...query, from: now - 80 * day, groups: ["day", "upstream"] as const },
      timeZone: "Asia/Tokyo",
    }),
    await ledger.spent("alice", 0),
    await ledger.windowCounts("alice", now - 30 * day, now),
    (await ledger.reports.requests({ user: "alice", limit: 100, before: null })).lines,
    (await ledger.changes.page({ limit: 9, before: null })).lines,
  ];
}

withPostgres("ledger copy", () => {
  test("copies rows, sums without rows and totals of another gateway, exactly", async () => {
    const file = temporaryFile();
    const local = openLedger({ file });
    onTestFinished(() => local.shutdown());
    for (let index = 0; index < 60; index++) {
      const user = ["alice", "bob", "Zoë"][index % 3] ?? "";
      const startedAt = now - index * 3 * day;
      await addRow(local, { user, startedAt, model: `m${index % 4}\0` }, { cost: index / 7 });
    }
    importTotals(file, [{ user: "alice", requests: 9, input: 90, output: 900 }], "2026-11-01");
    forgetRows(connect(file), rowsKeptFrom(100, now), () => {});
    const change = { who: "boss", action: "user.add", before: null, after: { note: "é\0" } };
    for (const subject of ["bob", "eve"])
      await local.changes.write([{ ...change, subject, at: 5 }]);
    const running = opening();
    local.open(running);
    local.waits(running.id);
    const url = await postgres.database();
    const remote = await openPostgresLedger({ url, spoolFile: temporaryFile() });
    onTestFinished(() => remote.shutdown());
    // Both gateways go on meanwhile.
    let isOver = false;
    const traffic = (async () => {
      while (!isOver) await addRow(local, { startedAt: now });
    })();
    const first = await copyLedger({ file, url, now }).finally(() => {
      isOver = true;
    });
    await traffic;
    expect(first).toMatchObject({ open: 1, added: first.rows, changes: 2 });
    await local.changes.write([{ ...change, subject: "zoe", at: 6 }]);
    expect(first.sums).toBeGreaterThan(8);
    await local.close(running.id, closing());
    const second = await copyLedger({ file, url, now });
    expect(second).toMatchObject({ open: 0, sums: null, changes: 1 });
    expect(second.added).toBe(second.rows - first.rows);
    expect(await copyLedger({ file, url, now })).toMatchObject({
      ...{ added: 0, sums: null, changes: 0 },
    });
    const clean = (found: unknown): unknown =>
      JSON.parse(JSON.stringify(found).replaceAll("\\u0000", "\ufffd"));
    expect(clean(await answers(remote))).toEqual(clean(await answers(local)));
  });

  test("counts no row again that was copied, and then removed by its age", async () => {
    const file = temporaryFile();
    const local = openLedger({ file });
    onTestFinished(() => local.shutdown());
    for (let index = 0; index < 20; index++) await addRow(local, { startedAt: now - index * day });
    const url = await postgres.database();
    const forgotten: number[] = [];
    const first = await copyLedger({ file, url, now });
    const remote = await openPostgresLedger({
      ...{ url, spoolFile: temporaryFile(), keepDays: 4 },
      onForgotten: (rows) => forgotten.push(rows),
    });
    onTestFinished(() => remote.shutdown());
    await vi.waitFor(() => expect(forgotten).toEqual([15]), 10_000);
    await addRow(local, { startedAt: now });
    expect(first.added).toBe(20);
    expect(await copyLedger({ file, url, now })).toMatchObject({ added: 1 });
    expect(await remote.totals()).toEqual(await local.totals());
  });

  test("says what it did, and what it needs", async () => {
    const file = temporaryFile();
    const local = openLedger({ file });
    onTestFinished(() => local.shutdown());
    await addRow(local);
    const url = await postgres.database();
    const env = { DATABASE_FILE: file, DATABASE_URL: url };
    const done = await runCommand(copy, [], { env });
    expect(done).toMatchObject({ status: 0 });
    expect(done.out).toMatch(/^1 requests in .*, 1 of them new$/);
    const unset = await runCommand(copy, [], { env: { DATABASE_FILE: file } });
    expect(unset.status).toBe(1);
    expect(unset.said).toContain("set DATABASE_URL to the database that the ledger goes to");
    const missing = await runCommand(copy, [], { env: { ...env, DATABASE_FILE: `${file}-no` } });
    expect(missing.said).toContain("there is no ledger at");
    const away = await runCommand(copy, [], {
      env: { ...env, DATABASE_URL: url.replace(/:\d+/, ":1") },
    });
    expect(away.said).toContain("nothing answers there; start PostgreSQL");
  });
});
