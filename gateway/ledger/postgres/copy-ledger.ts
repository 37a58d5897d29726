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
  /** Changes by administrators that were not in the database yet. */
  readonly changes: number;
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
    const changes = await copyChanges(source, client);
    return { ...copied, open, changes, sums: await copySums(source, client, options.now) };
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

/** Does it as one: all or nothing. */
async function together<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query("BEGIN");
  const done = await work();
  await client.query("COMMIT");
  return done;
}

/**
 * How far this file was copied before. Rows that were copied and then removed by their age (both
 * bounds) must not come again: their sums are still there.
 */
async function startOf(client: Client, source: string): Promise<{ rowsTo: number; from: number }> {
  await client.query("INSERT INTO copies (source) VALUES ($1) ON CONFLICT DO NOTHING", [source]);
  const { rows } = await client.query<{ rowsTo: number; from: number }>(
    `SELECT rows_to AS "rowsTo", (SELECT rows_from FROM kept) AS "from" FROM copies
     WHERE source = $1`,
    [source],
  );
  return rows[0] ?? { rowsTo: 0, from: 0 };
}

async function copyRows(
  db: Database.Database,
  client: Client,
  onProgress: CopyOptions["onProgress"] = () => {},
): Promise<{ rows: number; added: number }> {
  const names = Object.keys(rowColumns).filter((name) => name !== "instance");
  const source = sourceOf(db);
  const { rowsTo, from } = await startOf(client, source);
  // What comes from now on is for the next copy: it may come as fast as rows are copied.
  const newest = Number(db.prepare("SELECT max(number) FROM generations").pluck().get() ?? 0);
  const next = db.prepare<number[], { number: number } & Record<string, unknown>>(
    `SELECT number, ${names.map(quoted).join(", ")}, '${source}/' || instance AS instance
     FROM generations WHERE number > ? AND number <= ? AND state <> 'open'
       AND (number > ? OR started_at >= ?)
     ORDER BY number LIMIT ${chunk}`,
  );
  const copied = { rows: 0, added: 0 };
  for (let after = 0; ; ) {
    const found = next.all(after, newest, rowsTo, from);
    const last = found.at(-1);
    if (last === undefined) return copied;
    after = last.number;
    const sent = found.map(({ number: _number, ...row }) => row);
    copied.added += await together(client, async () => {
      const noted = "UPDATE copies SET rows_to = greatest(rows_to, $1) WHERE source = $2";
      await client.query(noted, [last.number, source]);
      return await writeRows(client, sent);
    });
    copied.rows += found.length;
    onProgress(copied.rows);
  }
}

/** What administrators changed, after what was copied before. Returns how many lines were new. */
async function copyChanges(db: Database.Database, client: Client): Promise<number> {
  const source = sourceOf(db);
  return await together(client, async () => {
    const { rows } = await client.query<{ changes_to: number }>(
      "SELECT changes_to FROM copies WHERE source = $1 FOR UPDATE",
      [source],
    );
    const found = db
      .prepare<[number], { number: number } & Record<string, unknown>>(
        "SELECT * FROM changes WHERE number > ? ORDER BY number",
      )
      .all(rows[0]?.changes_to ?? 0);
    const types =
      "number bigint, at bigint, who text, action text, subject text, before text, after text";
    for (let from = 0; from < found.length; from += chunk) {
      await client.query(
        `INSERT INTO changes (at, who, action, subject, before, after)
         SELECT at, who, action, subject, before, after
         FROM json_to_recordset($1::json) AS sent(${types}) ORDER BY number`,
        [cleanJson(found.slice(from, from + chunk))],
      );
    }
    const newest = found.at(-1)?.number ?? 0;
    const noted = "UPDATE copies SET changes_to = greatest(changes_to, $1) WHERE source = $2";
    await client.query(noted, [newest, source]);
    return found.length;
  });
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
  return await together(client, async () => {
    const { rowCount } = await client.query(
      "UPDATE copies SET sums_at = clock_timestamp() WHERE source = $1 AND sums_at IS NULL",
      [sourceOf(db)],
    );
    if (rowCount !== 1) return null;
    await client.query("UPDATE kept SET rows_from = greatest(rows_from, $1)", [rowsFrom(db)]);
    await addLines(client, dayTable, "text", days ?? []);
    await addLines(client, quarterTable, "bigint", quarters ?? []);
    return days?.length ?? 0;
  });
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
