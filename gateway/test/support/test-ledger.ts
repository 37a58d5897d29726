import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { onTestFinished } from "vitest";
import type { Ledger } from "../../ledger/ledger.ts";
import type { RowClosing, RowOpening } from "../../ledger/row.ts";

/** A path for a ledger in a directory that goes when the test ends. */
export function temporaryFile(): string {
  const dir = mkdtempSync(join(tmpdir(), "ledger-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return join(dir, "gateway.db");
}

export function opening(change: Partial<RowOpening> = {}): RowOpening {
  const id = randomUUID();
  return {
    id,
    requestId: `req-${id}`,
    user: "alice",
    model: "qwen",
    upstream: "http://127.0.0.1:8080",
    dialect: "chat",
    path: "/v1/chat/completions",
    streamed: true,
    startedAt: Date.UTC(2026, 10, 21, 12),
    ...change,
  };
}

export function closing(change: Partial<RowClosing> = {}): RowClosing {
  return {
    state: "done",
    status: 200,
    errorCode: null,
    queueMs: 3,
    firstTokenMs: 40,
    upstreamMs: 100,
    durationMs: 103,
    usage: { input: 10, output: 5, cached: 4, reasoning: null, source: "reported" },
    upstreamId: "chatcmpl-1",
    ...change,
  };
}

/** One generation, from its acceptance to its end. */
export async function addRow(
  ledger: Ledger,
  change: Partial<RowOpening> = {},
  end: Partial<RowClosing> = {},
): Promise<RowOpening> {
  const row = opening(change);
  ledger.open(row);
  await ledger.close(row.id, closing(end));
  return row;
}

/** A second connection, closed when the test ends. */
export function connect(file: string): Database.Database {
  const db = new Database(file, { timeout: 0 });
  onTestFinished(() => {
    db.close();
  });
  return db;
}

/** The columns of one row, or undefined. */
export function rowOf(db: Database.Database, id: string): Record<string, unknown> | undefined {
  const sql = "SELECT * FROM generations WHERE id = ?";
  return db.prepare<[string], Record<string, unknown>>(sql).get(id);
}
