import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadedSettings, loadSettings } from "../../settings/load-settings.ts";
import { SettingsError } from "../../settings/settings-error.ts";

/** For tests: what comes of a config file, in a directory of its own that is gone afterwards. */
export function loadConfig(yaml: string, env: Record<string, string> = {}): LoadedSettings {
  const cwd = mkdtempSync(join(tmpdir(), "llm-gateway-config-"));
  try {
    writeFileSync(join(cwd, "config.yaml"), yaml);
    return loadSettings({ argv: [], env, cwd });
  } finally {
    rmSync(cwd, { recursive: true });
  }
}

/** For tests: the lines that a wrong one stops the start with; none for a right one. */
export function faultsOf(yaml: string, env: Record<string, string> = {}): readonly string[] {
  try {
    loadConfig(yaml, env);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}
