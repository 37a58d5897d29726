import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { closing, connect, opening, temporaryFile } from "../test/support/test-ledger.ts";
import { importTotals } from "./import-totals.ts";
import { type Ledger, openLedger } from "./ledger.ts";
import { migrate, migrations } from "./migrations.ts";
import { readReport } from "./report.ts";
import type { RowClosing, RowOpening } from "./row.ts";
import { usageCsv } from "./usage-csv.ts";
import type { UsageQuery } from "./usage-report.ts";
import { verify } from "./verify.ts";

const now = Date.now();
const hour = 3_600_000;
const at = (text: string): number => Date.parse(text);

async function add(
  ledger: Ledger,
  change: Partial<RowOpening>,
  end: Partial<RowClosing> = {},
): Promise<void> {
  const row = opening(change);
  ledger.open(row);
  await ledger.close(row.id, closing(end));
}

/** A ledger with one generation at each of these times; the gateway runs on. */
async function generationsAt(times: readonly string[], change: Partial<RowOpening> = {}) {
  const file = temporaryFile();
  const ledger = openLedger({ file });
  for (const time of times) await add(ledger, { startedAt: at(time), ...change });
  return { file, ledger };
}

/** The requests of each group. */
function requestsBy(file: string, query: Partial<UsageQuery>): Record<string, number> {
  const groups = query.groups ?? ["day"];
  const whole = { from: 0, to: now + hour, user: null, timeZone: "UTC", now, ...query, groups };
  const { lines } = readReport(file, whole);
  return Object.fromEntries(
    lines.map((line) => [groups.map((group) => line[group]).join(" "), line.requests]),
  );
}

test("days older than 90 days are UTC days, the report says so, and hours of them are refused", async () => {
  const { file, ledger } = await generationsAt(["2026-01-05T23:30:00Z", "2026-08-01T12:00:00Z"]);
  const query = { timeZone: "Europe/Berlin", now: at("2026-08-02T00:00Z"), user: null };
  const whole = { ...query, from: 0, to: at("2026-08-02T00:00Z"), groups: ["day" as const] };
  const { lines, utcBefore } = readReport(file, whole);
  expect(lines.map(({ day }) => day)).toEqual(["2026-01-05", "2026-08-01"]);
  expect(new Date(utcBefore ?? 0).toISOString()).toBe("2026-05-04T00:00:00.000Z");
  expect(() => readReport(file, { ...whole, groups: ["hour"] })).toThrow(/Hours are kept for 90/);
  await ledger.shutdown();
});

test("lines are by user, key, model that served, upstream and dialect", async () => {
  const { file, ledger } = await generationsAt([]);
  const [startedAt, key] = [now - hour, "0123456789abcdef"];
  await add(
    ledger,
    { startedAt, key, model: "fast", upstream: "gpu1" },
    { servedModel: "qwen-q4" },
  );
  await add(ledger, { startedAt, user: "bob", dialect: "messages" }, { servedBy: "cloud" });
  const by = (groups: UsageQuery["groups"]) => requestsBy(file, { groups });
  expect(by(["user", "key"])).toEqual({ [`alice ${key}`]: 1, "bob ": 1 });
  expect(by(["model"])).toEqual({ "qwen-q4": 1, qwen: 1 });
  expect(by(["upstream", "dialect"])).toEqual({ "gpu1 chat": 1, "cloud messages": 1 });
  await ledger.shutdown();
});

test("an unknown cost is null, a cost of nothing is 0, and the unknown ones are counted", async () => {
  const { file, ledger } = await generationsAt([]);
  const costOf = (user: string) =>
    readReport(file, { from: 0, to: now + hour, groups: [], user, timeZone: "UTC", now }).total;
  await add(ledger, { startedAt: now - hour, user: "unpriced" });
  await add(ledger, { startedAt: now - hour, user: "free" }, { cost: 0 });
  for (const cost of [0.25, null]) await add(ledger, { startedAt: now, user: "both" }, { cost });
  expect(costOf("unpriced")).toMatchObject({ cost: null, unpriced: 1 });
  expect(costOf("free")).toMatchObject({ cost: 0, unpriced: 0 });
  expect(costOf("both")).toMatchObject({ cost: 0.25, unpriced: 1, requests: 2 });
  expect(costOf("nobody")).toMatchObject({ cost: null, requests: 0 });
  await ledger.shutdown();
});

test("CSV quotes what needs it, and no text is a formula", () => {
  const { total } = { total: { ...zero, requests: 1 } };
  const text = usageCsv(["model"], [{ ...total, model: '=HYPERLINK("x"),1' }]);
  expect(text.split("\n")[1]).toMatch(/^"'=HYPERLINK\(""x""\),1",1,0,/);
  for (const sign of [..."+-@\t\r\n＝＋－＠"]) {
    const shown = usageCsv(["model"], [{ ...total, model: `${sign}1` }]);
    expect(shown.split(/\n(?="?')/)[1]).toMatch(new RegExp(`^"?'[${sign}]1"?,1,0,`));
  }
});

test("a file of version 2 keeps its sums, also those without rows", async () => {
  const file = temporaryFile();
  const db = new Database(file);
  migrate(db, migrations.slice(0, 2));
  const day = new Date(now - 24 * hour).toISOString().slice(0, 10);
  const start = Date.parse(day) + hour;
  db.exec(`
    INSERT INTO generations VALUES (1, 'a', 'ra', 'alice', 'qwen', 'gpu1', NULL, 'chat', '/p', 1, 'done',
      200, NULL, ${start}, 1, 2, 3, 4, 50, 60, 7, 8, 'reported', 2500, 1);
    INSERT INTO rollups VALUES
      ('${day}', 'alice', 'qwen', 3, 150, 160, 17, 18, 1, 1, 0, 0, 10, 30, 40, 7500),
      ('${day}', 'bob', '(imported)', 9, 900, 90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);`);
  db.close();
  const ledger = openLedger({ file });
  const byUser = (timeZone: string) => {
    const query = {
      from: 0,
      to: now + hour,
      groups: ["user", "upstream"] as const,
      user: null,
      now,
    };
    return readReport(file, { ...query, timeZone }).lines;
  };
  expect(byUser("UTC")).toMatchObject([
    { user: "alice", upstream: "", requests: 2, input_tokens: 100, errors: 1, cost: 5000e-9 },
    { user: "alice", upstream: "gpu1", requests: 1, output_tokens: 60, cost: 2500e-9 },
    { user: "bob", requests: 9, input_tokens: 900, cost: null },
  ]);
  expect(byUser("Asia/Tokyo")).toEqual(byUser("UTC"));
  // The rows of two requests are gone: their sums stay, and nothing else differs.
  const faults = verify(connect(file));
  expect(faults.every((line) => /"alice","","qwen","",""|\(imported\)/.test(line))).toBe(true);
  expect(await ledger.totals()).toMatchObject([{ requests: 3 }, { requests: 9 }]);
  await ledger.shutdown();
});

test("totals taken over from another gateway are in the days of every time zone", async () => {
  const { file, ledger } = await generationsAt([]);
  const day = new Date(now - 24 * hour).toISOString().slice(0, 10);
  importTotals(file, [{ user: "alice", requests: 4, input: 10, output: 20 }], day);
  for (const timeZone of ["UTC", "Europe/Berlin", "America/Los_Angeles"]) {
    expect(requestsBy(file, { timeZone, from: now - 100 * 24 * hour })).toEqual({ [day]: 4 });
  }
  await ledger.shutdown();
});

test("quarter hours that are no longer kept are removed at a start, and their days stay", async () => {
  const old = new Date(now - 95 * 24 * hour).toISOString();
  const { file, ledger } = await generationsAt([old]);
  await ledger.shutdown();
  const next = openLedger({ file });
  const db = connect(file);
  expect(db.prepare("SELECT count(*) AS count FROM quarters").get()).toEqual({ count: 0 });
  expect(requestsBy(file, {})).toEqual({ [old.slice(0, 10)]: 1 });
  expect(verify(db)).toEqual([]);
  await next.shutdown();
});

const zero = {
  ...{ requests: 0, input_tokens: 0, output_tokens: 0, cached_tokens: 0, reasoning_tokens: 0 },
  ...{ unmetered: 0, errors: 0, cancelled: 0, interrupted: 0, queue_ms: 0, upstream_ms: 0 },
  ...{ duration_ms: 0, cost: null, unpriced: 0 },
};
