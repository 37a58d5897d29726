import { basename, dirname, join, resolve } from "node:path";
import { configFileIn, loadSome } from "../../settings/load-settings.ts";
import type { Surroundings } from "../frame/surroundings.ts";

/** The paths of the files that a backup holds, and the folder of the ledger. */
export type KeptFiles = { database: string; users: string; config: string; folder: string };

export function keptFiles({ env, cwd }: Pick<Surroundings, "env" | "cwd">): KeptFiles {
  // Only these settings: on a new machine others may not be complete yet.
  const given = { argv: [], env, cwd };
  const files = loadSome(["databaseFile", "usersFile"], given);
  const database = resolve(cwd, files.databaseFile);
  return {
    database,
    users: resolve(cwd, files.usersFile),
    // Without a config file: the first place where the gateway looks for one.
    config: resolve(cwd, configFileIn(given) ?? "data/config.yaml"),
    folder: dirname(database),
  };
}

/** `20261121-103000`, for names of files and folders. */
export function stampOf(time: number): string {
  return new Date(time).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
}

/** The files that SQLite keeps beside a database. */
export function besides(database: string): string[] {
  return ["-wal", "-shm"].map((end) => join(dirname(database), basename(database) + end));
}
