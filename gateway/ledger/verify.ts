import type Database from "better-sqlite3";
import { recomputed, standing } from "./rollups.ts";

/**
 * The lines in which rollups and rows disagree, from the UTC day `since` (`2026-11-21`) on; none
 * when the accounts are right. Retention removes rows and keeps rollups: give the first whole day.
 */
export function verify(db: Database.Database, since: string = ""): string[] {
  const missing = db.prepare(`SELECT * FROM (${recomputed}) EXCEPT ${standing}`).raw();
  const surplus = db.prepare(`${standing} EXCEPT SELECT * FROM (${recomputed})`).raw();
  return [
    ...missing.all(since, since).map((line) => `rows: ${JSON.stringify(line)}`),
    ...surplus.all(since, since).map((line) => `rollups: ${JSON.stringify(line)}`),
  ];
}
