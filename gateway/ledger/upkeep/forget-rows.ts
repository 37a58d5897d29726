import type Database from "better-sqlite3";

const dayMs = 86_400_000;

/** Rows in one transaction: it holds the lock for a few milliseconds. */
const batch = 200;

/** Rows after which the log is copied into the file, so that it does not grow with what is removed. */
const checkpointEvery = 10_000;

/**
 * The start (epoch ms) of the UTC day from which rows are kept: that of today and of `days` days
 * before.
 */
export const rowsKeptFrom = (days: number, now: number): number =>
  (Math.floor(now / dayMs) - days) * dayMs;

/**
 * Removes the rows that began before a time (epoch ms, the start of a UTC day), a few at a time.
 * Their sums stay as they are. What still runs stays, too: it is in no sum yet.
 * @param pause - called between two transactions, so that the gateway can write
 * @returns how many rows were removed
 */
export function forgetRows(db: Database.Database, before: number, pause: () => void): number {
  // First: what is being removed must not look like sums that are wrong.
  db.prepare("UPDATE kept SET rows_from = max(rows_from, ?)").run(before);
  // By the index of users: there is none of the time alone.
  const nextUser = db
    .prepare<[string], string | null>("SELECT min(user) FROM generations WHERE user > ?")
    .pluck();
  const remove = db.prepare<[string, number]>(
    `DELETE FROM generations WHERE number IN (SELECT number FROM generations
       WHERE user = ? AND started_at < ? AND state <> 'open' LIMIT ${batch})`,
  );
  let removed = 0;
  let sinceCheckpoint = 0;
  // No user has the name "", so that this finds the first.
  for (let user = nextUser.get(""); user != null; user = nextUser.get(user)) {
    for (;;) {
      const { changes } = remove.run(user, before);
      removed += changes;
      sinceCheckpoint += changes;
      if (sinceCheckpoint >= checkpointEvery) {
        sinceCheckpoint = 0;
        db.pragma("wal_checkpoint(PASSIVE)");
      }
      if (changes < batch) break;
      pause();
    }
  }
  return removed;
}
