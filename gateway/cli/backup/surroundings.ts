import { basename, dirname, join, resolve } from "node:path";
import { configFileIn, loadSome } from "../../settings/load-settings.ts";

/** Where a command runs and writes; the process itself unless a test says otherwise. */
export type Surroundings = {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  out: (line: string) => void;
  say: (line: string) => void;
};

export function ofProcess(): Surroundings {
  return {
    env: process.env,
    cwd: process.cwd(),
    out: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
  };
}

/** What a backup holds, by its name there, and where that stands on this machine. */
export type Kept = { database: string; users: string; config: string; folder: string };

export function keptFiles({ env, cwd }: Pick<Surroundings, "env" | "cwd">): Kept {
  // Above all, a restore onto a new machine comes before its environment is complete.
  const given = { argv: [], env, cwd };
  const files = loadSome(["databaseFile", "usersFile"], given);
  const database = resolve(cwd, files.databaseFile);
  const folder = dirname(database);
  return {
    database,
    users: resolve(cwd, files.usersFile),
    // Where there is none yet, the first place in which one is looked for.
    config: resolve(cwd, configFileIn(given) ?? "data/config.yaml"),
    folder,
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

export function lineOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0] ?? "";
}
