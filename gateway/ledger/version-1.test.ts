import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { closing, connect, opening, rowOf, temporaryFile } from "../test/support/test-ledger.ts";
import { openLedger } from "./ledger.ts";
import { migrate, migrations } from "./migrations.ts";
import { readReport } from "./report.ts";
import { verify } from "./verify.ts";

const day = Date.UTC(2026, 10, 21);

/** As the first version left it: two rows that ended, and one that its killed gateway left open. */
function versionOne(): string {
  const file = temporaryFile();
  const db = new Database(file);
  migrate(db, migrations.slice(0, 1));
  db.exec(`
    INSERT INTO instances VALUES (1, 'gone', 'host', 7, ${day}, ${day + 9}), (2, 'killed', 'host', 8, ${day}, NULL);
    INSERT INTO generations VALUES
      ('b', 'rb', 'alice', 'qwen', 'up', 'ub', 'chat', '/p', 1, 'done', 200, NULL, ${day}, 1, 2, 3, 4,
        50, 60, 7, 8, 'reported', 1),
      ('a', 'ra', 'alice', NULL, 'up', NULL, 'messages', '/q', 0, 'failed', 502, 'upstream_error',
        ${day}, 1, NULL, NULL, 4, NULL, NULL, NULL, NULL, NULL, 1),
      ('c', 'rc', 'alice', 'qwen', 'up', NULL, 'chat', '/p', 1, 'open', NULL, NULL, ${day}, NULL, NULL,
        NULL, NULL, NULL, NULL, NULL, NULL, NULL, 2);
    INSERT INTO rollups VALUES
      ('2026-11-21', 'alice', 'qwen', 1, 50, 60, 7, 8, 0, 0, 0, 0, 1, 3, 4),
      ('2026-11-21', 'alice', '', 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 4);`);
  db.close();
  return file;
}

test("a file of version 1 keeps every row and number, and its open rows are closed", async () => {
  const file = versionOne();
  const ledger = openLedger({ file });
  const db = connect(file);
  expect(rowOf(db, "b")).toEqual({
    number: 1,
    id: "b",
    request_id: "rb",
    user: "alice",
    model: "qwen",
    upstream: "up",
    upstream_id: "ub",
    dialect: "chat",
    path: "/p",
    streamed: 1,
    state: "done",
    status: 200,
    error_code: null,
    started_at: day,
    queue_ms: 1,
    first_token_ms: 2,
    upstream_ms: 3,
    duration_ms: 4,
    input_tokens: 50,
    output_tokens: 60,
    cached_tokens: 7,
    reasoning_tokens: 8,
    usage_source: "reported",
    cost: null,
    instance: 1,
    key: "",
    served_model: null,
  });
  expect(rowOf(db, "a")).toMatchObject({
    number: 2,
    state: "failed",
    error_code: "upstream_error",
  });
  expect(rowOf(db, "c")).toMatchObject({ number: 3, state: "interrupted" });
  expect(verify(db)).toEqual([]);
  expect(await ledger.totals()).toMatchObject([
    { requests: 3, input: 50, interrupted: 1, cost: 0 },
  ]);
  const row = opening();
  ledger.open(row);
  await ledger.close(row.id, closing({ cost: 0.25 }));
  expect(rowOf(db, row.id)).toMatchObject({ number: 4, cost: 250_000_000 });
  expect(verify(db)).toEqual([]);
  await ledger.shutdown();
});

test("a report reads a file of version 1 that no gateway has opened since", () => {
  const query = { from: 0, to: day + 86_400_000, groups: ["day" as const], user: null, now: day };
  for (const timeZone of ["UTC", "Europe/Berlin"]) {
    const { lines } = readReport(versionOne(), { ...query, timeZone });
    expect(lines).toMatchObject([
      { day: "2026-11-21", requests: 2, input_tokens: 50, cost: null, unpriced: 2 },
    ]);
  }
});
