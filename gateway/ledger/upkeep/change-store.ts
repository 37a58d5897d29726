import Database from "better-sqlite3";
import type { Reports } from "../reports.ts";
import type { ChangeTask } from "./change-worker.ts";
import {
  type AdminChange,
  type ChangesPage,
  type ChangesQuery,
  type NotedSettings,
  noteSettings,
} from "./changes.ts";
import { workApart } from "./work-apart.ts";

/** What a ledger keeps of the changes by administrators. */
export type ChangeStore = {
  /** Adds changes, all or none. Rejects if it cannot do so now. */
  write(changes: readonly AdminChange[]): Promise<void>;
  /** The changes, the newest first. Rejects with a GatewayError (503) if the ledger is stuck. */
  page(query: ChangesQuery): Promise<ChangesPage>;
  /**
   * Compares the settings with those of the last start, and remembers them; null: they are the same,
   * or this is the first start. Rejects if it cannot do so now.
   */
  noteSettings(settings: NotedSettings): Promise<SettingsDifference | null>;
};

export type SettingsDifference = Pick<AdminChange, "before" | "after">;

/**
 * The changes in an SQLite file. A worker that ends with its work writes them, so that the event loop
 * waits for no lock, and a gateway at rest has no thread for it.
 */
export function createFileChanges(
  open: () => {
    path: string;
    reports: Pick<Reports, "changes">;
  },
): ChangeStore {
  return {
    async write(changes) {
      const task: ChangeTask = { file: open().path, changes };
      await workApart<number>(new URL("./change-worker.ts", import.meta.url), task).result;
    },
    page: async (query) => await open().reports.changes(query),
    async noteSettings(settings) {
      // A start may wait for a lock.
      const db = new Database(open().path, { fileMustExist: true, timeout: 5_000 });
      try {
        db.pragma("synchronous = NORMAL");
        db.pragma("wal_autocheckpoint = 0");
        return noteSettings(db, settings);
      } finally {
        db.close();
      }
    },
  };
}
