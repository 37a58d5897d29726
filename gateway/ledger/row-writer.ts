import Database from "better-sqlite3";
import { createModelNames } from "./model-names.ts";
import type { Row } from "./row.ts";
import { closeColumns, closeValues, openColumns, openValues } from "./row-values.ts";
import { createDayOf, createTally } from "./tally.ts";

export type RefusedRow = { readonly row: Row; readonly error: Error };

/** Writes rows in one transaction. Returns the rows that the database will never take. */
export type WriteRows = (rows: readonly Row[]) => RefusedRow[];

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

/** True if this row would fail again on a healthy disk. */
export function isRowsFault(error: unknown): error is Error {
  if (error instanceof TypeError || error instanceof RangeError) return true;
  if (!(error instanceof Database.SqliteError)) return false;
  return /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(error.code);
}
