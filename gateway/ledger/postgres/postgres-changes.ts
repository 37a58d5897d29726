import { hostname } from "node:os";
import type { Pool } from "pg";
import { difference } from "../../kinds/difference.ts";
import type { ChangeStore } from "../upkeep/change-store.ts";
import { changesOf, type FoundChange, mostLines, valuesOf } from "../upkeep/changes.ts";
import { cleanText } from "./clean-text.ts";
import { createConnections, explainPostgres } from "./connect.ts";

const clean = <T>(value: T): T | string => (typeof value === "string" ? cleanText(value) : value);

/** The changes of all gateways of one database. */
export function createPostgresChanges(db: Pool): ChangeStore {
  return {
    async write(changes) {
      // One statement: all or none.
      const rows = changes.map((_, n) => `(${[1, 2, 3, 4, 5, 6].map((at) => `$${n * 6 + at}`)})`);
      const values = changes.flatMap((change) => valuesOf(change).map(clean));
      await db.query(
        `INSERT INTO changes (at, who, action, subject, before, after) VALUES ${rows.join(", ")}`,
        values,
      );
      await db.query("DELETE FROM changes WHERE number <= (SELECT max(number) FROM changes) - $1", [
        mostLines,
      ]);
    },
    async page({ limit, before }) {
      const { rows } = await db.query<FoundChange>(
        `SELECT number, at, who, action, subject, before, after FROM changes WHERE number < $1
         ORDER BY number DESC LIMIT $2`,
        [before ?? Number.MAX_SAFE_INTEGER, limit + 1],
      );
      return changesOf(rows, limit);
    },
    async noteSettings(settings) {
      // Several gateways share the database, and each machine has its own settings.
      const name = `settings of ${hostname()}`;
      const { rows } = await db.query<{ value: string }>(
        "SELECT value FROM noted WHERE name = $1",
        [name],
      );
      const now = cleanText(JSON.stringify(settings));
      const written = rows[0]?.value;
      if (written === now) return null;
      await db.query(
        `INSERT INTO noted VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
        [name, now],
      );
      return written === undefined ? null : difference(JSON.parse(written), JSON.parse(now));
    },
  };
}

/**
 * The changes, for a command.
 * @throws Error with one line where the database cannot be used
 */
export async function withPostgresChanges<T>(
  url: string,
  work: (changes: ChangeStore) => Promise<T>,
): Promise<T> {
  const connections = createConnections(url);
  try {
    return await work(createPostgresChanges(connections.writing));
  } catch (error) {
    const isEmpty = error instanceof Error && "code" in error && error.code === "42P01";
    const reason = isEmpty ? "no gateway of this version has used it yet" : explainPostgres(error);
    throw new Error(`the ledger of DATABASE_URL: ${reason}`, { cause: error });
  } finally {
    await connections.end();
  }
}
