import type { Pool } from "pg";
import { BoundedMap } from "../../bounded-map.ts";
import { mostNames, otherModels } from "../model-names.ts";
import type { SentRow } from "./row-columns.ts";

/** Gives rows whose model is one too many of their user at their upstream the name of all others. */
export type BoundNames = (db: Pool, rows: readonly SentRow[]) => Promise<SentRow[]>;

/** Pairs of users and upstreams whose names are in memory. */
const mostPairs = 1_000;

/**
 * Bounds the lines of the sums, as in the file: see `createModelNames`. Each gateway counts the names
 * that it has seen, so with several gateways there may be a few more.
 */
export function createBoundNames(most: number = mostNames): BoundNames {
  const pairs = new BoundedMap<Set<string>>(mostPairs);

  async function namesOf(db: Pool, row: SentRow): Promise<Set<string>> {
    const pair = `${row.user}\n${row.upstream}`;
    const known = pairs.get(pair);
    if (known !== undefined) return known;
    const { rows } = await db.query<{ model: string }>(
      `SELECT DISTINCT model FROM rollups WHERE "user" = $1 AND upstream = $2 LIMIT ${most + 1}`,
      [row.user, row.upstream],
    );
    const names = new Set(rows.map(({ model }) => model));
    pairs.set(pair, names);
    return names;
  }

  return async (db, rows) => {
    const bound: SentRow[] = [];
    for (const row of rows) {
      const name = String(row.served_model ?? row.model ?? "");
      const names = row.state === "open" ? null : await namesOf(db, row);
      if (names === null || names.has(name)) bound.push(row);
      else if (names.size < most) {
        names.add(name);
        bound.push(row);
      } else bound.push({ ...row, served_model: otherModels });
    }
    return bound;
  };
}
