import { expect, test } from "vitest";
import { chat, startTestGateway, until } from "../../test/support/harness.ts";
import { politeChat } from "../../test/support/mock-upstream.ts";
import { closing, connect, opening, temporaryFile } from "../../test/support/test-ledger.ts";
import { openLedger } from "../ledger.ts";
import { verify } from "../verify.ts";
import { forgetRows, rowsKeptFrom } from "./forget-rows.ts";
import { keepRows } from "./row-keeper.ts";

const dayMs = 86_400_000;
const today = Date.UTC(2026, 10, 21);

/** A ledger with `each` rows of each user on each of the last `days` days. */
async function pastOf(days: number, users: readonly string[], each = 1) {
  const file = temporaryFile();
  const ledger = openLedger({ file });
  for (let day = 0; day < days; day++) {
    for (const user of users) {
      for (let n = 0; n < each; n++) {
        const row = opening({ user, startedAt: today - day * dayMs + n });
        ledger.open(row);
        void ledger.close(row.id, closing());
      }
    }
  }
  await ledger.shutdown();
  return file;
}

const sumsOf = (file: string) =>
  connect(file).prepare("SELECT * FROM rollups ORDER BY day, user").all();

test("rows older than the kept days go, of every user, and the sums stay exactly", async () => {
  const file = await pastOf(40, ["alice", "bob", "Çağrı"], 7);
  const before = sumsOf(file);
  const db = connect(file);
  let pauses = 0;
  const removed = forgetRows(db, rowsKeptFrom(30, today + 5), () => pauses++);
  // Today, and 30 days before.
  expect(removed).toBe(3 * 7 * 9);
  const left = db.prepare("SELECT min(started_at) AS first, count(*) AS rows FROM generations");
  expect(left.get()).toEqual({ first: today - 30 * dayMs, rows: 3 * 7 * 31 });
  expect(sumsOf(file)).toEqual(before);
  expect(pauses).toBe(0);
});

test("the check of sums begins with the day from which all rows are kept", async () => {
  const db = connect(await pastOf(10, ["alice"]));
  forgetRows(db, rowsKeptFrom(3, today), () => {});
  expect(verify(db)).toEqual([]);
  db.exec("UPDATE rollups SET requests = requests + 1 WHERE day = '2026-11-19'");
  expect(verify(db)).toHaveLength(2);
});

test("many rows go in small transactions, and the gateway can write between them", async () => {
  const file = await pastOf(2, ["alice"], 1_000);
  const db = connect(file);
  const writer = connect(file);
  let written = 0;
  forgetRows(db, today, () => {
    // Without a time-out: it would throw if the lock were held.
    writer.prepare("UPDATE kept SET rows_from = rows_from").run();
    written++;
  });
  expect(written).toBeGreaterThanOrEqual(5);
});

test("a generation that still runs keeps its row, however old it is", async () => {
  const file = temporaryFile();
  const ledger = openLedger({ file });
  const row = opening({ startedAt: today - 50 * dayMs });
  ledger.open(row);
  ledger.waits(row.id);
  const db = connect(file);
  await until(() => db.prepare("SELECT 1 FROM generations").get() !== undefined, "its row");
  expect(forgetRows(db, today, () => {})).toBe(0);
  await ledger.close(row.id, closing());
  expect(await ledger.totals()).toMatchObject([{ requests: 1, input: 10 }]);
  expect(forgetRows(db, today, () => {})).toBe(1);
  expect(await ledger.totals()).toMatchObject([{ requests: 1, input: 10 }]);
  await ledger.shutdown();
});

test("a gateway removes them at its start, and again while it runs", async () => {
  const file = await pastOf(10, ["alice"]);
  const forgotten: number[] = [];
  let now = today;
  await using _keeper = keepRows({
    ...{ file, days: 5, everyMs: 20, now: () => now },
    onForgotten: (rows) => forgotten.push(rows),
    onTrouble: (trouble) => expect.unreachable(trouble),
  });
  await until(() => forgotten.length === 1, "the first sweep");
  now += 2 * dayMs;
  await until(() => forgotten.length === 2, "the next one");
  expect(forgotten).toEqual([4, 2]);
});

test("a sweep that fails is told, and the next one works", async () => {
  const file = temporaryFile();
  const told: string[] = [];
  const forgotten: number[] = [];
  await using _keeper = keepRows({
    ...{ file, days: 5, everyMs: 20, now: () => today },
    onForgotten: (rows) => forgotten.push(rows),
    onTrouble: (trouble) => told.push(trouble),
  });
  await until(() => told.length > 0, "told");
  expect(told[0]).toMatch(/^old rows could not be removed \(LEDGER_KEEP_DAYS\): .+/);
  const ledger = openLedger({ file });
  const row = opening({ startedAt: today - 9 * dayMs });
  ledger.open(row);
  await ledger.close(row.id, closing());
  await until(() => forgotten.length > 0, "removed");
  await ledger.shutdown();
});

test("a gateway with LEDGER_KEEP_DAYS serves, limits and reports as before the rows were removed", async () => {
  const file = temporaryFile();
  const ledger = openLedger({ file });
  for (const age of [0, 1, 2, 10, 20]) {
    const row = opening({ startedAt: Date.now() - age * dayMs });
    ledger.open(row);
    await ledger.close(row.id, closing());
  }
  await ledger.shutdown();
  const limited = { ENABLE_RATE_LIMITING: "true", MAX_TOKENS_PER_MONTH: "1000" };
  const env = { DATABASE_FILE: file, LEDGER_KEEP_DAYS: "7", ...limited };
  await using gateway = await startTestGateway(politeChat, env);
  const db = connect(file);
  const rows = db.prepare("SELECT count(*) FROM generations").pluck();
  await until(() => rows.get() === 3, "old rows are gone");
  const headers = { authorization: `Bearer ${gateway.keys.alice}` };
  const usage = await fetch(`${gateway.url}/usage?from=2020-01-01`, { headers });
  expect(((await usage.json()) as { total: object }).total).toMatchObject({ requests: 5 });
  const limits = await fetch(`${gateway.url}/limits`, { headers });
  // 15 tokens in each of the five, although three have a row.
  expect(JSON.stringify(await limits.json())).toContain('"used":75');
  expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
  expect(verify(db)).toEqual([]);
});

test("without LEDGER_KEEP_DAYS every row stays", async () => {
  const file = await pastOf(400, ["alice"]);
  await using _keeper = keepRows({
    ...{ file, days: null, everyMs: 1 },
    onForgotten: () => expect.unreachable(),
    onTrouble: (trouble) => expect.unreachable(trouble),
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const rows = connect(file).prepare("SELECT count(*) FROM generations").pluck().get();
  expect(rows).toBe(400);
});
