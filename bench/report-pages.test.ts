import { readFileSync } from "node:fs";
import { platform } from "node:os";
import Database from "better-sqlite3";
import { expect, test } from "vitest";
import { openLedger } from "../gateway/ledger/ledger.ts";
import { readReport } from "../gateway/ledger/report.ts";
import {
  addTo,
  placeColumns,
  quarterMs,
  recomputed,
  sumColumns,
} from "../gateway/ledger/rollups.ts";
import { temporaryFile } from "../gateway/test/support/test-ledger.ts";

const days = 60;
const now = Date.now();
const start = now - days * 86_400_000;

/** A ledger of a household of ten, with so many generations over sixty days. */
async function ledgerOf(rows: number): Promise<string> {
  const file = temporaryFile();
  await openLedger({ file }).shutdown();
  const db = new Database(file);
  db.pragma("synchronous = OFF");
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO generations (id, request_id, user, model, upstream, dialect, path, streamed, state,
      status, started_at, queue_ms, upstream_ms, duration_ms, input_tokens, output_tokens, instance)
    SELECT 'id' || i, 'r' || i, 'user' || (i % 10), 'qwen', 'gpu', 'chat', '/p', 1, 'done', 200,
      ${Math.floor(start)} + i * ${Math.floor((days * 86_400_000) / rows)}, 1, 2, 3, 100, 50, 1
    FROM n`);
  for (const table of ["rollups", "quarters"] as const) {
    const columns = [table === "rollups" ? "day" : "quarter", ...placeColumns, ...sumColumns];
    const into = addTo(table).slice(0, addTo(table).indexOf("("));
    const since = table === "rollups" ? "''" : `${Math.floor(start / quarterMs) - 1}`;
    db.exec(`${into} (${columns}) ${recomputed(table).replace("?", since)}`);
  }
  db.close();
  return file;
}

/** Bytes that this process has read so far. */
const bytesRead = (): number =>
  Number(/rchar: (\d+)/.exec(readFileSync("/proc/self/io", "utf8"))?.[1]);

function bytesOf(file: string): { bytes: number; requests: number } {
  const before = bytesRead();
  const { total } = readReport(file, {
    ...{
      from: start,
      to: now,
      groups: ["day", "model"],
      user: null,
      timeZone: "Asia/Kathmandu",
      now,
    },
  });
  return { bytes: bytesRead() - before, requests: total.requests };
}

// Linux alone counts the bytes that a process reads.
test.runIf(platform() === "linux")(
  "a report reads as much of a ledger with ten times as many generations",
  async () => {
    const rows = Number(process.env.REPORT_ROWS ?? 200_000);
    const [few, many] = [bytesOf(await ledgerOf(rows / 10)), bytesOf(await ledgerOf(rows))];
    if (process.env.REPORT_ROWS !== undefined) console.info({ few, many });
    expect(many.requests).toBeGreaterThan(9 * few.requests);
    expect(many.bytes).toBeLessThan(4 * few.bytes);
    // Of a household: at most 10 lines a quarter of an hour, whatever the number of generations.
    expect(many.bytes).toBeLessThan(96 * days * 10 * 300);
  },
  60_000,
);
