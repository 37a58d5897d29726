import { basename, dirname, join, resolve } from "node:path";

/** The paths of the files that a backup holds, and the folder of the ledger. */
export type KeptFiles = {
  readonly database: string;
  readonly users: string;
  readonly config: string;
  readonly folder: string;
};

/** @param configFile - null: there is none, and one may come where the gateway looks first */
export function keptFiles(
  {
    databaseFile,
    usersFile,
    configFile,
  }: { databaseFile: string; usersFile: string; configFile: string | null },
  cwd: string,
): KeptFiles {
  const database = resolve(cwd, databaseFile);
  return {
    database,
    users: resolve(cwd, usersFile),
    config: resolve(cwd, configFile ?? "data/config.yaml"),
    folder: dirname(database),
  };
}

/** Where backups go that are given no other place. */
export const backupFolder = ({ folder }: Pick<KeptFiles, "folder">): string =>
  join(folder, "backups");

/** `20261121-103000`, for names of files and folders. */
export function stampOf(time: number): string {
  return new Date(time).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
}

/** The files that SQLite keeps beside a database. */
export function besides(database: string): string[] {
  return ["-wal", "-shm"].map((end) => join(dirname(database), basename(database) + end));
}

/** The draft of a backup has this end until it is whole. */
export const draftEnd = ".draft";

/** Who makes a backup. It is put together in a folder beside the ledger, which is named after that. */
export type BackupMaker = "daily" | "command";

export const stagingOf = (maker: BackupMaker): string => `.backup-${maker}-`;
