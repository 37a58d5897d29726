import type Database from "better-sqlite3";
import { BoundedMap } from "../bounded-map.ts";
import { addingTo, sumColumns } from "./rollups.ts";
import { bounded, type Row } from "./row.ts";

/** So many names of models has a user at an upstream; clients can make up any number. */
export const mostNames: number = 300;

/** Stands for all further names, in the sums and as the model that served. */
export const otherModels = "(other models)";

/** Pairs of users and upstreams whose names are in memory. */
const mostPairs = 1_000;

/**
 * Bounds the lines of the sums: beyond the bound a row counts under `otherModels`, and says so
 * itself, so that rows and sums agree. The row keeps the name in the request.
 */
export function createModelNames(
  db: Database.Database,
  most: number = mostNames,
): (row: Row) => void {
  const known = db
    .prepare<[string, string], string>(
      `SELECT DISTINCT model FROM rollups WHERE user = ? AND upstream = ? LIMIT ${most + 1}`,
    )
    .pluck();
  const pairs = new BoundedMap<Set<string>>(mostPairs);
  return ({ opening, closing }) => {
    if (closing === null) return;
    const upstream = closing.servedBy ?? opening.upstream;
    const pair = `${opening.user}\n${upstream}`;
    let names = pairs.get(pair);
    if (names === undefined) {
      names = new Set(known.all(opening.user, upstream));
      pairs.set(pair, names);
    }
    const name = bounded(closing.servedModel ?? opening.model ?? "");
    if (names.has(name)) return;
    if (names.size < most) names.add(name);
    else closing.servedModel = otherModels;
  };
}

/**
 * Puts the names beyond the bound together, in sums and rows: those of a gateway that knew no bound.
 * The names that were used most keep their lines.
 */
export function joinModelNames(db: Database.Database, most: number = mostNames): void {
  const full = db
    .prepare<[], { user: string; upstream: string }>(
      `SELECT user, upstream FROM rollups GROUP BY user, upstream
       HAVING count(DISTINCT model) > ${most + 1}`,
    )
    .all();
  if (full.length === 0) return;
  const columns = sumColumns.map((column) => `sum(${column})`).join(", ");
  db.transaction(() => {
    for (const { user, upstream } of full) {
      const here = `user = ${quoted(user)} AND upstream = ${quoted(upstream)}`;
      db.exec(`CREATE TEMP TABLE kept AS SELECT model FROM rollups WHERE ${here}
        GROUP BY model ORDER BY sum(requests) DESC, model LIMIT ${most}`);
      const beyond = `${here} AND model NOT IN (SELECT model FROM kept)`;
      for (const [table, time] of [
        ["rollups", "day"],
        ["quarters", "quarter"],
      ] as const) {
        db.exec(`CREATE TEMP TABLE joined AS SELECT ${time}, user, key, '${otherModels}' AS model,
            upstream, dialect, ${columns} FROM ${table} WHERE ${beyond} GROUP BY 1, 2, 3, 5, 6;
          DELETE FROM ${table} WHERE ${beyond};
          ${addingTo(table, "SELECT * FROM joined WHERE true")};
          DROP TABLE joined`);
      }
      db.exec(`UPDATE generations SET served_model = '${otherModels}' WHERE ${here}
        AND state <> 'open' AND coalesce(served_model, model, '') NOT IN (SELECT model FROM kept);
        DROP TABLE kept`);
    }
  }).immediate();
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
