import type Database from "better-sqlite3";
import type { Client } from "pg";
import { keptFrom, placeColumns, quarterMs, recomputed, standing, sumColumns } from "../rollups.ts";
import { openForCommand } from "../upkeep/open-for-command.ts";
import { rowsFrom } from "../verify.ts";
import { cleanJson } from "./clean-text.ts";
import { createClient, explainPostgres } from "./connect.ts";
import { quoted, rowColumns } from "./row-columns.ts";
import { migratePostgres } from "./schema.ts";
import { addingLines, dayTable, quarterTable, type SumTable, writeRows } from "./write-rows.ts";

export type CopiedLedger = {
  /** Rows of the file that have ended, and how many of them were not in the database yet. */
  readonly rows: number;
  readonly added: number;
  /** Generations that still run: the next copy brings them. */
  readonly open: number;
  /** Lines of sums that have no rows (any more), which were added; null: an earlier copy did. */
  readonly sums: number | null;
};

export type CopyOptions = {
  file: string;
  url: string;
  /** Epoch ms. */
  now: number;
  onProgress?: (rows: number) => void;
};

/** Rows in one statement. */
const chunk = 500;

/**
 * Copies a ledger in SQLite to PostgreSQL: every row that has ended, once, and the sums that have no
 * rows. A gateway may write to either meanwhile. It can be run again: a second run brings what came
 * since.
 * @throws Error with one line: what, the reason, what to do
 */
export async function copyLedger(options: CopyOptions): Promise<CopiedLedger> {
  using ledger = openForCommand(options.file);
  const source = ledger.open;
  const client = createClient(options.url);
  client.on("error", () => {});
  try {
    await client.connect();
    await migratePostgres(client);
    const copied = await copyRows(source, client, options.onProgress);
    const open = Number(
      source.prepare("SELECT count(*) FROM generations WHERE state = 'open'").pluck().get(),
    );
    return { ...copied, open, sums: await copySums(source, client, options.now) };
  } catch (error) {
    throw new Error(`cannot copy to the database of DATABASE_URL: ${explainPostgres(error)}`, {
      cause: error,
    });
  } finally {
    await client.end().catch(() => {});
  }
}

/** A ledger is known by the token of its first instance. */
const sourceOf = (db: Database.Database): string =>
  String(db.prepare("SELECT token FROM instances ORDER BY id LIMIT 1").pluck().get() ?? "");

async function copyRows(
  db: Database.Database,
  client: Client,
  onProgress: CopyOptions["onProgress"] = () => {},
): Promise<{ rows: number; added: number }> {
  const names = Object.keys(rowColumns).filter((name) => name !== "instance");
  const source = sourceOf(db);
  // What comes from now on is for the next copy: it may come as fast as rows are copied.
  const newest = Number(db.prepare("SELECT max(number) FROM generations").pluck().get() ?? 0);
  const next = db.prepare<[number, number], { number: number } & Record<string, unknown>>(
    `SELECT number, ${names.map(quoted).join(", ")}, '${source}/' || instance AS instance
     FROM generations WHERE number > ? AND number <= ? AND state <> 'open'
     ORDER BY number LIMIT ${chunk}`,
  );
  const copied = { rows: 0, added: 0 };
  for (let after = 0; ; ) {
    const found = next.all(after, newest);
    const last = found.at(-1);
    if (last === undefined) return copied;
    after = last.number;
    const sent = found.map(({ number: _number, ...row }) => row);
    copied.added += await writeRows(client, sent);
    copied.rows += found.length;
    onProgress(copied.rows);
  }
}

const places = placeColumns.map(quoted).join(", ");

/**
 * What the sums of the file have beyond its rows: rows that were removed, and totals that were taken
 * over from another gateway. In one moment of the file.
 */
function sumsWithoutRows(
  db: Database.Database,
  name: "rollups" | "quarters",
  { time }: SumTable,
  since: string | number,
): Record<string, unknown>[] {
  const summed = sumColumns.map((column) => `sum(${column}) AS ${column}`);
  const taken = sumColumns.map((column) => `-${column}`);
  const isSome = sumColumns.map((column) => `sum(${column}) <> 0`).join(" OR ");
  return db
    .prepare<[string | number, string | number], Record<string, unknown>>(
      `SELECT ${time}, ${places}, ${summed.join(", ")} FROM (${standing(name)} UNION ALL
         SELECT ${time}, ${places}, ${taken.join(", ")} FROM (${recomputed(name)}))
       GROUP BY ${time}, ${places} HAVING ${isSome}`,
    )
    .all(since, since);
}

/** Adds them, once for each file however often it is copied. Null: they were added before. */
async function copySums(
  db: Database.Database,
  client: Client,
  now: number,
): Promise<number | null> {
  const [days, quarters] = db.transaction(() => [
    sumsWithoutRows(db, "rollups", dayTable, ""),
    sumsWithoutRows(db, "quarters", quarterTable, keptFrom(now) / quarterMs),
  ])();
  await client.query("BEGIN");
  const { rowCount } = await client.query(
    "INSERT INTO copies (source) VALUES ($1) ON CONFLICT DO NOTHING",
    [sourceOf(db)],
  );
  if (rowCount === 1) {
    await client.query("UPDATE kept SET rows_from = greatest(rows_from, $1)", [rowsFrom(db)]);
    await addLines(client, dayTable, "text", days ?? []);
    await addLines(client, quarterTable, "bigint", quarters ?? []);
  }
  await client.query("COMMIT");
  return rowCount === 1 ? (days?.length ?? 0) : null;
}

async function addLines(
  client: Client,
  table: SumTable,
  type: "text" | "bigint",
  lines: readonly object[],
): Promise<void> {
  const declared = [
    `${table.time} ${type}`,
    ...placeColumns.map((name) => `${quoted(name)} text`),
    ...sumColumns.map((name) => `${name} bigint`),
  ];
  // Two texts may be the same as PostgreSQL takes them.
  const summed = sumColumns.map((column) => `sum(${column})`).join(", ");
  const selected = `SELECT ${table.time}, ${places}, ${summed}
    FROM json_to_recordset($1::json) AS line(${declared.join(", ")}) GROUP BY 1, 2, 3, 4, 5, 6`;
  for (let from = 0; from < lines.length; from += chunk) {
    const part = cleanJson(lines.slice(from, from + chunk));
    await client.query(addingLines(table, selected), [part]);
  }
}
