import Database from "better-sqlite3";
import { createModelNames } from "./model-names.ts";
import { bounded, nanoDollars, type Row, type RowClosing, type RowOpening, whole } from "./row.ts";
import { createDayOf, createTally } from "./tally.ts";

export type RefusedRow = { readonly row: Row; readonly error: Error };

/** Writes rows in one transaction. Returns the rows that the database will never take. */
export type WriteRows = (rows: readonly Row[]) => RefusedRow[];

const openColumns =
  "id, request_id, user, key, model, upstream, dialect, path, streamed, started_at, instance";
const closeColumns =
  "state, status, error_code, queue_ms, first_token_ms, upstream_ms, duration_ms, " +
  "input_tokens, output_tokens, cached_tokens, reasoning_tokens, usage_source, upstream_id, " +
  "cost, served_model";
const marks = (columns: string): string => columns.replace(/\w+/g, "?");

/**
 * The statements of the ledger. `WriteRows` throws when the transaction as a whole failed (lock,
 * disk): then nothing of it is in the database, and all rows may be tried again. A row that is
 * itself at fault fails alone: SQLite undoes only its statement, so it needs no savepoint.
 */
export function createRowWriter(db: Database.Database, instance: number): WriteRows {
  const begin = db.prepare("BEGIN IMMEDIATE");
  const commit = db.prepare("COMMIT");
  const rollback = db.prepare("ROLLBACK");
  const write = createStatements(db, instance);
  const boundName = createModelNames(db);
  const tally = createTally(db);
  const dayOf = createDayOf();
  return (rows) => {
    const refused: RefusedRow[] = [];
    begin.run();
    try {
      for (const row of rows) {
        try {
          const day = dayOf(row.opening.startedAt);
          boundName(row);
          write(row);
          if (row.closing !== null) tally.count(row, day);
        } catch (error) {
          if (!isRowsFault(error)) throw error;
          refused.push({ row, error });
        }
      }
      tally.write();
      commit.run();
    } catch (error) {
      tally.forget();
      // SQLite has already rolled back after some errors (full disk, I/O).
      if (db.inTransaction) rollback.run();
      throw error;
    }
    return refused;
  };
}

function createStatements(db: Database.Database, instance: number): (row: Row) => void {
  const open = db.prepare(
    `INSERT INTO generations (${openColumns}, state) VALUES (${marks(openColumns)}, 'open')`,
  );
  const insert = db.prepare(
    `INSERT INTO generations (${openColumns}, ${closeColumns})
     VALUES (${marks(openColumns)}, ${marks(closeColumns)})`,
  );
  const close = db.prepare(
    `UPDATE generations SET (upstream, ${closeColumns}) = (?, ${marks(closeColumns)})
     WHERE number = ? AND id = ? AND state = 'open'`,
  );
  return (row) => {
    const { opening, closing, number } = row;
    const upstream = closing?.servedBy ?? opening.upstream;
    if (closing === null) {
      row.number = Number(open.run(...openValues(opening, upstream, instance)).lastInsertRowid);
      return;
    }
    const values = closeValues(closing);
    if (row.stored && close.run(upstream, ...values, number, opening.id).changes === 1) return;
    // No opening in the database: the generation was short, the spool had no room, or the row was
    // removed.
    insert.run(...openValues(opening, upstream, instance), ...values);
  };
}

type Value = string | number | null;

/** In the order of `openColumns`. */
function openValues(row: RowOpening, upstream: string, instance: number): Value[] {
  return [
    row.id,
    row.requestId,
    row.user,
    row.key ?? "",
    row.model === null ? null : bounded(row.model),
    upstream,
    row.dialect,
    bounded(row.path),
    row.streamed ? 1 : 0,
    Math.round(row.startedAt),
    instance,
  ];
}

/** In the order of `closeColumns`. */
function closeValues(row: RowClosing): Value[] {
  return [
    row.state,
    row.status,
    row.errorCode,
    whole(row.queueMs),
    whole(row.firstTokenMs),
    whole(row.upstreamMs),
    whole(row.durationMs),
    whole(row.usage.input),
    whole(row.usage.output),
    whole(row.usage.cached),
    whole(row.usage.reasoning),
    row.usage.source,
    row.upstreamId === null ? null : bounded(row.upstreamId),
    nanoDollars(row.cost),
    row.servedModel == null ? null : bounded(row.servedModel),
  ];
}

/** True if this row would fail again on a healthy disk. */
function isRowsFault(error: unknown): error is Error {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  if (!(error instanceof Database.SqliteError)) return false;
  return /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(error.code);
}
