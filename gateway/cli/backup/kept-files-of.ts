import { type KeptFiles, keptFiles } from "../../backup/kept-files.ts";
import { configFileIn, loadSome } from "../../settings/load-settings.ts";
import type { Surroundings } from "../frame/surroundings.ts";

/** The files that a backup holds, by the settings. */
export function keptFilesOf({ env, cwd }: Pick<Surroundings, "env" | "cwd">): KeptFiles {
  // Only these settings: on a new machine others may not be complete yet.
  const given = { argv: [], env, cwd };
  const files = loadSome(["databaseFile", "usersFile"], given);
  return keptFiles({ ...files, configFile: configFileIn(given) }, cwd);
}
