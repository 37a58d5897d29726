import { readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { closing, connect, opening, rowOf, temporaryFile } from "../test/support/test-ledger.ts";
import { type Ledger, type LedgerOptions, openLedger } from "./ledger.ts";
import { verify } from "./verify.ts";

function start(file: string, more: Partial<LedgerOptions> = {}): Ledger {
  const ledger = openLedger({ file, ...more });
  onTestFinished(() => ledger.shutdown());
  return ledger;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("a row is open from its acceptance, and whole when its close has resolved", async () => {
  const file = temporaryFile();
  const ledger = start(file);
  const db = connect(file);
  const row = opening();
  ledger.open(row);
  ledger.waits(row.id);
  await turn();
  expect(rowOf(db, row.id)).toMatchObject({ state: "open", status: null, input_tokens: null });
  await ledger.close(row.id, closing());
  expect(rowOf(db, row.id)).toEqual({
    id: row.id,
    request_id: row.requestId,
    user: "alice",
    model: "qwen",
    upstream: "http://127.0.0.1:8080",
    upstream_id: "chatcmpl-1",
    dialect: "chat",
    path: "/v1/chat/completions",
    streamed: 1,
    state: "done",
    status: 200,
    error_code: null,
    started_at: row.startedAt,
    queue_ms: 3,
    first_token_ms: 40,
    upstream_ms: 100,
    duration_ms: 103,
    input_tokens: 10,
    output_tokens: 5,
    cached_tokens: 4,
    reasoning_tokens: null,
    usage_source: "reported",
    cost: null,
    key: "",
    served_model: null,
    number: 1,
    instance: 1,
  });
});

test("one that does not wait is written after a moment, and then open", async () => {
  const file = temporaryFile();
  // Longer than by default: on a slow machine five milliseconds pass between two lines of a test.
  const ledger = start(file, { openingDelayMs: 200 });
  const db = connect(file);
  const rows = [opening(), opening(), opening()];
  for (const row of rows) ledger.open(row);
  await turn();
  expect(rowOf(db, rows[0]!.id)).toBeUndefined();
  await ledger.close(rows[1]!.id, closing());
  expect(rowOf(db, rows[1]!.id)).toMatchObject({ state: "done" });
  expect(rowOf(db, rows[0]!.id)).toBeUndefined();
  await vi.waitFor(() => expect(rowOf(db, rows[2]!.id)).toMatchObject({ state: "open" }));
  expect(rowOf(db, rows[0]!.id)).toMatchObject({ state: "open" });
  for (const row of rows) await ledger.close(row.id, closing());
  const counted = "SELECT state, count(*) AS count FROM generations GROUP BY state";
  expect(db.prepare(counted).all()).toEqual([{ state: "done", count: 3 }]);
  expect(verify(db)).toEqual([]);
});

test("who says twice that it waits, or says so of another, changes nothing", async () => {
  const file = temporaryFile();
  const ledger = start(file);
  const row = opening();
  ledger.open(row);
  ledger.waits(row.id);
  await turn();
  ledger.waits(row.id);
  ledger.waits("nobody");
  await ledger.close(row.id, closing());
  ledger.waits(row.id);
  await turn();
  const db = connect(file);
  expect(db.prepare("SELECT state FROM generations").pluck().all()).toEqual(["done"]);
});

test("the upstream that served in the end, and what it cost, stand in the row", async () => {
  const file = temporaryFile();
  const ledger = start(file);
  const db = connect(file);
  const rows = [opening(), opening(), opening({ user: "bob" })];
  for (const row of rows) ledger.open(row);
  ledger.waits(rows[0]!.id);
  await turn();
  const end = closing({ cost: 0.000_008_1, servedBy: "box-2" });
  for (const row of rows) await ledger.close(row.id, end);
  for (const row of rows) {
    expect(rowOf(db, row.id)).toMatchObject({ upstream: "box-2", cost: 8_100 });
  }
  expect(await ledger.totals()).toMatchObject([{ cost: 0.000_016_2 }, { cost: 0.000_008_1 }]);
  expect(verify(db)).toEqual([]);
});

test("ten thousand costs of a tenth of a cent are ten dollars, and a cost that is none is unknown", async () => {
  const file = temporaryFile();
  const ledger = start(file);
  const closed: Promise<void>[] = [];
  const odd = [-1, Number.NaN, Number.POSITIVE_INFINITY, 1e300, null];
  for (const cost of [...Array<number>(10_000).fill(0.001), ...odd]) {
    const row = opening();
    ledger.open(row);
    closed.push(ledger.close(row.id, closing({ cost })));
  }
  await Promise.all(closed);
  expect(await ledger.totals()).toMatchObject([{ requests: 10_005, cost: 10 }]);
  const unknown = "SELECT count(*) FROM generations WHERE cost IS NULL";
  expect(connect(file).prepare(unknown).pluck().get()).toBe(5);
});

test("an opening and its closing in one turn make one row", async () => {
  const file = temporaryFile();
  const ledger = start(file);
  const row = opening();
  ledger.open(row);
  await ledger.close(row.id, closing({ state: "failed", status: 502 }));
  const db = connect(file);
  expect(rowOf(db, row.id)).toMatchObject({ state: "failed", status: 502 });
  expect(verify(db)).toEqual([]);
});

test("a second close, and one of an unknown id, resolve and change nothing", async () => {
  const ledger = start(temporaryFile());
  const row = opening();
  ledger.open(row);
  await ledger.close(row.id, closing());
  await ledger.close(row.id, closing({ state: "failed" }));
  await ledger.close("nobody", closing());
  expect(await ledger.totals()).toMatchObject([{ user: "alice", requests: 1, errors: 0 }]);
});

test("numbers no upstream can mean are unknown, and do not cost the row", async () => {
  const file = temporaryFile();
  const ledger = start(file);
  const row = opening({ model: "m".repeat(100_000) });
  ledger.open(row);
  const usage = { input: -1, output: Number.NaN, cached: 1e300, reasoning: 1.4, source: null };
  await ledger.close(
    row.id,
    closing({ usage, firstTokenMs: 0.2, upstreamId: "\0\ud800".repeat(999) }),
  );
  expect(rowOf(connect(file), row.id)).toMatchObject({
    state: "done",
    input_tokens: null,
    output_tokens: null,
    cached_tokens: null,
    reasoning_tokens: 1,
    first_token_ms: 0,
    model: "m".repeat(256),
  });
  expect(await ledger.totals()).toMatchObject([{ requests: 1, input: 0, unmetered: 1 }]);
});

test("totals outlive a restart, and shutdown leaves one closed file", async () => {
  const file = temporaryFile();
  const first = start(file);
  for (const user of ["alice", "bob", "alice"]) {
    const row = opening({ user });
    first.open(row);
    void first.close(row.id, closing());
  }
  await first.shutdown();
  expect(readdirSync(dirname(file))).toEqual(["gateway.db"]);
  const second = start(file);
  expect(await second.totals()).toMatchObject([
    { user: "alice", requests: 2, input: 20, output: 10, cached: 8, reasoning: 0 },
    { user: "bob", requests: 1 },
  ]);
  expect(second.state()).toEqual({
    ok: true,
    spooled: 0,
    spoolLimit: 10_000,
    dropped: 0,
    error: null,
    notice: null,
  });
});

test("an instance that lives keeps its open rows when another one starts on the file", async () => {
  const file = temporaryFile();
  const first = start(file);
  const row = opening();
  first.open(row);
  first.waits(row.id);
  await turn();
  const second = start(file);
  const db = connect(file);
  expect(rowOf(db, row.id)).toMatchObject({ state: "open", instance: 1 });
  await first.shutdown();
  await second.shutdown();
  start(file);
  expect(rowOf(db, row.id)).toMatchObject({ state: "interrupted" });
  expect(verify(db)).toEqual([]);
});

test("rows, directory and all its files are their owner's alone", () => {
  const file = join(dirname(temporaryFile()), "new", "deeper", "gateway.db");
  start(file);
  expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  const files = readdirSync(dirname(file));
  expect(files.some((name) => name.includes("-instance-"))).toBe(true);
  for (const name of files) {
    expect([name, statSync(join(dirname(file), name)).mode & 0o777]).toEqual([name, 0o600]);
  }
});

test("after a shutdown nothing is written and nothing throws", async () => {
  const file = temporaryFile();
  const ledger = start(file);
  await ledger.shutdown();
  const row = opening();
  ledger.open(row);
  await ledger.close(row.id, closing());
  expect(rowOf(connect(file), row.id)).toBeUndefined();
});

test("a stop while the disk takes nothing ends in order, and the next start closes what was open", async () => {
  const file = temporaryFile();
  const said: string[] = [];
  const ledger = openLedger({ file, drainMs: 50, onTrouble: (message) => said.push(message) });
  const [open, lost] = [opening(), opening()];
  ledger.open(open);
  ledger.waits(open.id);
  await turn();
  const other = connect(file);
  other.exec("BEGIN IMMEDIATE");
  ledger.open(lost);
  void ledger.close(lost.id, closing());
  await ledger.shutdown();
  expect(said.at(-1)).toBe("the ledger closes and loses 1 rows that it could not write");
  other.exec("COMMIT");
  start(file);
  expect(rowOf(other, open.id)).toMatchObject({ state: "interrupted" });
  expect(verify(other)).toEqual([]);
});
