import Database from "better-sqlite3";
import { migrations, unsuitable } from "./migrations.ts";
import { compareSums } from "./upkeep/wrong-sums.ts";

/** What the file of a ledger holds, or why it cannot be used. */
export type Inspection =
  | { readonly state: "unsuitable" | "damaged" | "unreadable"; readonly reason: string }
  | {
      readonly state: "whole";
      /** Generations that have a row. */
      readonly rows: number;
      /**
       * Sums that differ from the rows, without those that have no rows. Null: the file is of an
       * older gateway, and is brought up to date by the next start.
       */
      readonly wrongSums: number | null;
    };

/** How thoroughly the pages are read: `full` compares the indexes with their tables too. */
export type Thoroughness = "quick" | "full";

/** Looks at the file of a ledger without changing it; a gateway may write to it meanwhile. */
export function inspectDatabase(file: string, thoroughness: Thoroughness = "quick"): Inspection {
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { readonly: true, fileMustExist: true });
    const reason = unsuitable(db);
    if (reason !== null) return { state: "unsuitable", reason };
    const check = thoroughness === "full" ? "integrity_check" : "quick_check";
    const verdict = String(db.pragma(check, { simple: true }));
    if (verdict !== "ok") return { state: "damaged", reason: verdict.replaceAll("\n", " ") };
    return { state: "whole", ...accountsIn(db) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { state: "unreadable", reason };
  } finally {
    db?.close();
  }
}

function accountsIn(db: Database.Database): { rows: number; wrongSums: number | null } {
  const version = Number(db.pragma("user_version", { simple: true }));
  // A file that a gateway has only just made has no tables yet.
  if (version === 0) return { rows: 0, wrongSums: 0 };
  const rows = Number(db.prepare("SELECT count(*) FROM generations").pluck().get());
  if (version < migrations.length) return { rows, wrongSums: null };
  return { rows, wrongSums: compareSums(db).faults.length };
}
