import { createWriteStream, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PassThrough, type Writable } from "node:stream";
import { expect, test } from "vitest";
import { importTotals } from "../ledger/import-totals.ts";
import { openLedger } from "../ledger/ledger.ts";
import { verify } from "../ledger/verify.ts";
import { runCommand } from "../test/support/run-command.ts";
import { closing, connect, opening, temporaryFile } from "../test/support/test-ledger.ts";
import { ledger as command } from "./ledger.ts";

const dayMs = 86_400_000;
const day = Date.UTC(2026, 10, 19);

type Given = { user?: string; model?: string | null; dayNumber?: number };

/** The file of a ledger with these requests. */
async function ledgerOf(requests: readonly Given[]): Promise<string> {
  const file = temporaryFile();
  const ledger = openLedger({ file });
  for (const { dayNumber = 0, ...given } of requests) {
    const row = opening({ ...given, startedAt: day + dayNumber * dayMs });
    ledger.open(row);
    await ledger.close(row.id, closing());
  }
  await ledger.shutdown();
  return file;
}

const run = (file: string, argv: string[], stdout?: Writable) =>
  runCommand(command, argv, {
    cwd: dirname(file),
    env: { DATABASE_FILE: file },
    ...(stdout === undefined ? {} : { stdout }),
  });

/** What a command writes to its standard output. */
async function exported(file: string, argv: string[]): Promise<string> {
  const path = join(dirname(file), "export");
  expect(await run(file, argv, createWriteStream(path))).toMatchObject({ status: 0 });
  return readFileSync(path, "utf8");
}

const threeDays = () => ledgerOf([0, 1, 2].map((dayNumber) => ({ dayNumber })));

test("a ledger with right sums passes the check", async () => {
  const { status, out } = await run(await threeDays(), ["check"]);
  expect(status).toBe(0);
  expect(out).toMatch(/ok {4}rows {2}3 rows, the oldest of 2026-11-19\.\nok {4}sums/);
});

test.each([
  ["is too high", "UPDATE rollups SET output_tokens = output_tokens + 1 WHERE day = '2026-11-20'"],
  ["is missing", "DELETE FROM rollups WHERE day = '2026-11-20'"],
  [
    "has no requests",
    "INSERT INTO rollups SELECT day, user, key, 'made up', upstream, dialect, requests, input_tokens, output_tokens, cached_tokens, reasoning_tokens, unmetered, errors, cancelled, interrupted, queue_ms, upstream_ms, duration_ms, cost, unpriced FROM rollups WHERE day = '2026-11-20'",
  ],
])("a sum that %s is found and repaired, and the others stay", async (_what, damage) => {
  const file = await threeDays();
  const db = connect(file);
  const right = db.prepare("SELECT * FROM rollups ORDER BY 1, 2, 3, 4").all();
  db.exec(damage);
  const found = await run(file, ["check"]);
  expect(found).toMatchObject({
    status: 1,
    out: expect.stringMatching(/FAIL {2}sums.*2026-11-20$/m),
  });
  expect(found.out).not.toContain("2026-11-19,");
  const repaired = await run(file, ["check", "--repair"]);
  expect(repaired).toMatchObject({
    status: 0,
    out: expect.stringContaining("made anew: 2026-11-20"),
  });
  expect(db.prepare("SELECT * FROM rollups ORDER BY 1, 2, 3, 4").all()).toEqual(right);
  expect(await run(file, ["check"])).toMatchObject({ status: 0 });
});

test("a sum of a quarter of an hour is repaired too, while a gateway runs on the file", async () => {
  const file = temporaryFile();
  const running = openLedger({ file });
  const close = async () => {
    const row = opening({ startedAt: Date.now() });
    running.open(row);
    await running.close(row.id, closing());
  };
  await close();
  const db = connect(file);
  db.exec("UPDATE quarters SET requests = 9");
  expect(await run(file, ["check"])).toMatchObject({ status: 1 });
  expect(await run(file, ["check", "--repair"])).toMatchObject({ status: 0 });
  await close();
  expect(verify(db)).toEqual([]);
  expect(await running.totals()).toMatchObject([{ requests: 2 }]);
  await running.shutdown();
});

test("a repair keeps sums without rows: they are all that is left", async () => {
  const file = await threeDays();
  const db = connect(file);
  db.exec(`DELETE FROM generations WHERE started_at < ${day + dayMs}`);
  importTotals(file, [{ user: "erin", requests: 7, input: 1, output: 2 }], "2026-11-20");
  const sums = db.prepare("SELECT * FROM rollups ORDER BY 1, 2").all();
  const { status, out } = await run(file, ["check", "--repair"]);
  expect(status).toBe(0);
  expect(out).toMatch(/cannot be checked: 2026-11-19$/m);
  expect(db.prepare("SELECT * FROM rollups ORDER BY 1, 2").all()).toEqual(sums);
});

test("a check as JSON says the same", async () => {
  const file = await threeDays();
  connect(file).exec("DELETE FROM rollups WHERE day = '2026-11-20'");
  const { status, out } = await run(file, ["check", "--json"]);
  expect(status).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    rows: 3,
    rows_from: null,
    wrong_sums: 1,
    days_with_wrong_sums: ["2026-11-20"],
  });
});

test("a damaged file fails the check, and is not repaired", async () => {
  const file = await ledgerOf(Array.from({ length: 300 }, () => ({})));
  const bytes = readFileSync(file);
  bytes.fill(0xff, 20_000, 40_000);
  writeFileSync(file, bytes);
  const { status, out } = await run(file, ["check", "--repair"]);
  expect(status).toBe(1);
  expect(out).toMatch(/^FAIL {2}file .+\n.*restore/);
});

test("an export has every row, and is the same in CSV and in JSON lines", async () => {
  const file = await ledgerOf([
    { user: "alice", model: '=HYPERLINK("http://evil")' },
    { user: "bob", model: null, dayNumber: 1 },
  ]);
  const lines = (await exported(file, ["export", "--jsonl"])).trimEnd().split("\n");
  const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(rows).toMatchObject([
    { user: "alice", started_at: "2026-11-19T00:00:00.000Z", streamed: true, cost: null },
    { user: "bob", model: null, input_tokens: 10, reasoning_tokens: null, state: "done" },
  ]);
  const [head = "", first = "", second = ""] = (await exported(file, ["export"])).split("\n");
  expect(head.split(",")).toEqual(Object.keys(rows[0] ?? {}));
  // A spreadsheet runs no formula that a client has sent.
  expect(first).toContain(`,"'=HYPERLINK(""http://evil"")",`);
  expect(second.split(",")[head.split(",").indexOf("reasoning_tokens")]).toBe("");
});

test("an export takes a user and days, both included", async () => {
  const given = ["alice", "bob"].flatMap((user) =>
    [0, 1, 2, 3].map((dayNumber) => ({ user, dayNumber })),
  );
  const file = await ledgerOf(given);
  const argv = ["export", "--user", "bob", "--since", "2026-11-20", "--until", "2026-11-21"];
  const lines = (await exported(file, argv)).trimEnd().split("\n").slice(1);
  expect(lines).toHaveLength(2);
  for (const line of lines) expect(line).toMatch(/,bob,.*2026-11-2[01]T/);
});

test("an export of many rows waits for a slow reader, and holds a page of them at most", async () => {
  const file = await ledgerOf([{}]);
  const db = connect(file);
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
    INSERT INTO generations SELECT i, id || i, request_id, user, model, upstream, upstream_id, dialect, path,
      streamed, state, status, error_code, started_at, queue_ms, first_token_ms, upstream_ms, duration_ms,
      input_tokens, output_tokens, cached_tokens, reasoning_tokens, usage_source, cost, instance, key,
      served_model FROM generations, n`);
  const reader = new PassThrough({ highWaterMark: 1024 });
  const running = run(file, ["export"], reader);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(reader.readableLength + reader.writableLength).toBeLessThan(600_000);
  // No long reading: the log can be copied whole meanwhile.
  expect(db.pragma("wal_checkpoint(TRUNCATE)")).toMatchObject([{ busy: 0 }]);
  let text = "";
  for await (const chunk of reader) text += String(chunk);
  expect((await running).status).toBe(0);
  expect(text.trimEnd().split("\n")).toHaveLength(5_001);
});

test.each([
  [["export", "--since", "2026-02-31"], "--since takes a day such as 2026-11-01"],
  [
    ["export", "--since", "2026-11-02", "--until", "2026-11-01"],
    "--until must not be before --since",
  ],
  [["vacuum"], "it takes one of check, export, changes, copy"],
])("a wrong command line (%j) is told what is right", async (argv, says) => {
  expect(await run(temporaryFile(), argv)).toMatchObject({ status: 2, said: `ledger: ${says}` });
});

test.each([["check"], ["export"]])("ledger %s without a ledger says so", async (name) => {
  const { status, said } = await run(temporaryFile(), [name]);
  expect(status).toBe(1);
  expect(said).toMatch(
    /^ledger: there is no ledger at .*; the gateway creates it at its first start$/,
  );
});
