import { loadSome } from "../../settings/load-settings.ts";
import type { Surroundings } from "../frame/surroundings.ts";

/** What every subcommand of `ledger` takes. */
export const ledgerFileOptions = {
  "database-file": { type: "string", value: "FILE", about: "instead of DATABASE_FILE" },
  config: { type: "string", value: "FILE", about: "another config file" },
} as const;

/** The ledger's file: of the option, else of the settings. */
export function ledgerFileOf(
  values: { readonly "database-file"?: string; readonly config?: string },
  { env, cwd }: Pick<Surroundings, "env" | "cwd">,
): string {
  const argv = values.config === undefined ? [] : ["--config", values.config];
  return values["database-file"] ?? loadSome(["databaseFile"], { argv, env, cwd }).databaseFile;
}
