import { type LoadedSettings, loadSettings } from "../settings/load-settings.ts";
import { maskSecrets } from "../settings/mask-secrets.ts";
import type { Setting } from "../settings/setting.ts";
import { SettingsError } from "../settings/settings-error.ts";
import { allSettings } from "../settings/settings-table.ts";
import type { Source } from "../settings/source.ts";
import { sectionLines } from "./config/section-lines.ts";

/** Where the command runs and writes; the process itself unless a test says otherwise. */
export type ConfigSurroundings = {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  out: (line: string) => void;
  say: (line: string) => void;
};

type Row = { setting: Setting; source: Source; value: unknown };

const HELP = `config check [--json] [flags of serve]

  Prints the settings in force, keys masked, and where each came from:
  default, environment, .env, the config file or a flag. Opens nothing.`;

/**
 * `config check [--json]`: gives 0, 1 where a setting is wrong (one line each on standard error),
 * 2 for a command line that cannot be meant.
 */
export async function config(
  argv: string[],
  surroundings: ConfigSurroundings = ofProcess(),
): Promise<number> {
  const { env, cwd, out, say } = surroundings;
  const [subcommand = "--help", ...rest] = argv;
  if (subcommand === "--help" || subcommand === "-h" || rest.includes("--help")) {
    out(HELP);
    return 0;
  }
  if (subcommand !== "check") {
    say("llm-gateway: config has one subcommand: config check");
    return 2;
  }
  try {
    const flags = rest.filter((arg) => arg !== "--json");
    const loaded = loadSettings({ argv: flags, env, cwd });
    for (const line of rest.includes("--json") ? [asJson(loaded)] : asLines(loaded)) out(line);
    for (const doubt of loaded.doubts) say(`WARNING: ${doubt}`);
    return 0;
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    for (const fault of error.faults) say(`llm-gateway: ${fault}`);
    return 1;
  }
}

/** A line can be pasted into `.env`: times and sizes are as they were written. */
function asLines(loaded: LoadedSettings): string[] {
  const rows = rowsOf(loaded).map(({ setting, source: { from, name, text } }) => {
    const isAlias = name !== setting.env && !from.startsWith("--") && name === name.toUpperCase();
    return `${setting.env}=${text}  (${isAlias ? `${from}, ${name}` : from})`;
  });
  return [...rows, ...sectionLines(loaded.settings)];
}

function asJson(loaded: LoadedSettings): string {
  const rows = rowsOf(loaded).map(({ setting, source, value }) => {
    const shown = setting.secret && value !== null ? "***" : maskSecrets(value);
    return [setting.env, { value: shown, from: source.from, name: source.name }];
  });
  return JSON.stringify({ configFile: loaded.configFile, settings: Object.fromEntries(rows) });
}

/** In the order of the table. */
function rowsOf({ settings, sources }: LoadedSettings): Row[] {
  const table = new Map(allSettings);
  const values: Record<string, unknown> = settings;
  return Object.entries<Source>(sources).flatMap(([property, source]) => {
    const setting = table.get(property);
    return setting === undefined ? [] : [{ setting, source, value: values[property] }];
  });
}

function ofProcess(): ConfigSurroundings {
  return {
    env: process.env,
    cwd: process.cwd(),
    out: (line) => void process.stdout.write(`${line}\n`),
    say: (line) => void process.stderr.write(`${line}\n`),
  };
}
