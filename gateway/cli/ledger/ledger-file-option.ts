import { loadSome } from "../../settings/load-settings.ts";
import type { Surroundings } from "../frame/surroundings.ts";

/** What every subcommand of `ledger` takes. */
export const ledgerFileOptions = {
  "database-file": { type: "string", value: "FILE", about: "instead of DATABASE_FILE" },
  config: { type: "string", value: "FILE", about: "another config file" },
} as const;

type GivenPlace = { readonly "database-file"?: string; readonly config?: string };

/** Where the ledger is: the file of the option, else what the settings say; `url`: PostgreSQL. */
export function ledgerPlaceOf(
  values: GivenPlace,
  { env, cwd }: Pick<Surroundings, "env" | "cwd">,
): { file: string; url: string | null } {
  const argv = values.config === undefined ? [] : ["--config", values.config];
  const given = values["database-file"];
  if (given !== undefined) return { file: given, url: null };
  const settings = loadSome(["databaseFile", "databaseUrl"], { argv, env, cwd });
  return { file: settings.databaseFile, url: settings.databaseUrl };
}

/**
 * The ledger's file: of the option, else of the settings.
 * @throws Error with one line where the settings keep the ledger in PostgreSQL
 */
export function ledgerFileOf(
  values: GivenPlace,
  surroundings: Pick<Surroundings, "env" | "cwd">,
): string {
  const { file, url } = ledgerPlaceOf(values, surroundings);
  if (url === null) return file;
  throw new Error(
    "the ledger is in PostgreSQL, and this reads a file: doctor checks the database, psql exports " +
      "its table generations; for an SQLite file add --database-file FILE",
  );
}
