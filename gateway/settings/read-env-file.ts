import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { decodedText } from "./decoded-text.ts";
import { SettingsError } from "./settings-error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What `.env` in `cwd` says, {} without one; process.env is left as it is. */
export function readEnvFile(cwd: string): Environment {
  return parseEnv(textOfEnvFile(cwd));
}

/** The text of `.env` in `cwd`, "" without one. */
export function textOfEnvFile(cwd: string): string {
  try {
    return decodedText(readFileSync(join(cwd, ".env")));
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return "";
    throw new SettingsError([`.env: cannot be read (${code}); make it a readable file`]);
  }
}

/** The system's name for a fault of a file, such as ENOENT. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
