import { loadSome } from "../../settings/load-settings.ts";
import type { Surroundings } from "../frame/surroundings.ts";
import { UsageError } from "../frame/usage-error.ts";

/** What every subcommand of `users` takes. */
export const commonOptions = {
  json: { type: "boolean", default: false, about: "prints JSON" },
  "users-file": { type: "string", value: "FILE", about: "instead of USERS_FILE" },
} as const;

/** The file to work on: of the option, else of the settings. */
export function usersFileOf(
  values: { readonly "users-file"?: string },
  { env, cwd }: Surroundings,
): string {
  const file = values["users-file"];
  if (file === "") throw new UsageError("--users-file needs a value: --users-file=FILE");
  return file ?? loadSome(["usersFile"], { argv: [], env, cwd }).usersFile;
}
