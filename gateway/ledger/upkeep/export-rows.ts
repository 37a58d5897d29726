import type Database from "better-sqlite3";
import { csvCell } from "../csv-cell.ts";

/** Which rows are exported. Times are epoch ms. */
export type ExportQuery = {
  readonly from: number;
  /** Not included. */
  readonly to: number;
  /** One user only; null for all. */
  readonly user: string | null;
};

type Row = Record<string, string | number | null>;

/** The columns of an export, in the names of the API, and what each is in the file. */
const columns: Readonly<Record<string, string>> = {
  id: "id",
  request_id: "request_id",
  user: "user",
  key_id: "nullif(key, '')",
  model: "model",
  served_model: "served_model",
  upstream: "upstream",
  upstream_id: "upstream_id",
  dialect: "dialect",
  path: "path",
  streamed: "streamed",
  state: "state",
  status: "status",
  error_code: "error_code",
  started_at: "strftime('%Y-%m-%dT%H:%M:%fZ', started_at / 1000.0, 'unixepoch')",
  queue_ms: "queue_ms",
  first_token_ms: "first_token_ms",
  upstream_ms: "upstream_ms",
  duration_ms: "duration_ms",
  input_tokens: "input_tokens",
  output_tokens: "output_tokens",
  cached_tokens: "cached_tokens",
  reasoning_tokens: "reasoning_tokens",
  usage_source: "usage_source",
  cost: "cost / 1e9",
};
const names = Object.keys(columns);

/** Rows that are in memory at a time. */
const page = 1_000;

/**
 * The rows as text, a page at a time, the oldest number first. Each page is read by itself, so that
 * no long reading keeps the gateway's log from being copied. Rows that come after the start of the
 * export are not in it. What is not known is empty in CSV, and null in JSON.
 */
export function* exportRows(
  db: Database.Database,
  { from, to, user }: ExportQuery,
  format: "csv" | "jsonl",
): Generator<string> {
  const selected = names.map((name) => `${columns[name]} AS ${name}`).join(", ");
  const next = db.prepare<(string | number)[], Row & { number: number }>(
    `SELECT number, ${selected} FROM generations WHERE number > ? AND number <= ?
     AND started_at >= ? AND started_at < ?${user === null ? "" : " AND user = ?"}
     ORDER BY number LIMIT ${page}`,
  );
  const newest = Number(db.prepare("SELECT max(number) FROM generations").pluck().get() ?? 0);
  if (format === "csv") yield `${names.join(",")}\n`;
  const line = format === "csv" ? csvLine : jsonLine;
  const whose = user === null ? [] : [user];
  for (let after = 0; ; ) {
    const rows = next.all(after, newest, from, to, ...whose);
    if (rows.length > 0) yield rows.map(line).join("");
    if (rows.length < page) return;
    after = rows.at(-1)?.number ?? newest;
  }
}

const csvLine = (row: Row): string =>
  `${names.map((name) => csvCell(row[name] ?? null)).join(",")}\n`;

const jsonLine = ({ number: _, ...row }: Row): string =>
  `${JSON.stringify({ ...row, streamed: row.streamed === 1 })}\n`;
