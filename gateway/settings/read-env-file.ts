import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { SettingsError } from "./settings-error.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What `.env` in `cwd` says, {} without one; process.env is left as it is. */
export function readEnvFile(cwd: string): Environment {
  try {
    return parseEnv(textOf(readFileSync(join(cwd, ".env"))));
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT") return {};
    throw new SettingsError([`.env: cannot be read (${code}); make it a readable file`]);
  }
}

/** Windows writes UTF-16 with `>` in its older PowerShell, and marks the order of bytes. */
function textOf(bytes: Buffer): string {
  const [first, second] = bytes;
  const encoding =
    first === 0xff && second === 0xfe
      ? "utf-16le"
      : first === 0xfe && second === 0xff
        ? "utf-16be"
        : "utf-8";
  // The decoder leaves the mark out.
  return new TextDecoder(encoding).decode(bytes);
}

/** The system's name for a fault of a file, such as ENOENT. */
export function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown";
}
