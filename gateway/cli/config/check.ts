import { type LoadedSettings, loadSettings } from "../../settings/load-settings.ts";
import { maskSecrets } from "../../settings/mask-secrets.ts";
import type { Setting } from "../../settings/setting.ts";
import { allSettings } from "../../settings/settings-table.ts";
import type { Source } from "../../settings/source.ts";
import { asksForHelp, type Command, reporting } from "../frame/command.ts";
import { sectionLines } from "./section-lines.ts";

export const checkNotes = `check takes --json and the flags of serve (see llm-gateway --help). It opens no port and no file
but the settings. A wrong setting is one line on standard error, and the exit status is 1.`;

/** `config check`: exits with 1 if a setting is wrong, and prints one line for each wrong one. */
export const check: Command = {
  name: "config check",
  summary: "prints every setting with its source: default, environment, .env, config file, flag",
  help: `config check: ${checkNotes}`,
  // The settings have flags of their own.
  form: null,
  run: (argv, surroundings) =>
    reporting("llm-gateway", surroundings, async () => {
      const { env, cwd, out, say } = surroundings;
      if (asksForHelp(argv)) return out(check.help);
      const loaded = loadSettings({ argv: argv.filter((arg) => arg !== "--json"), env, cwd });
      for (const line of argv.includes("--json") ? [asJson(loaded)] : asLines(loaded)) out(line);
      for (const doubt of loaded.doubts) say(`WARNING: ${doubt}`);
    }),
};

type SettingRow = { setting: Setting; source: Source; value: unknown };

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
function rowsOf({ settings, sources }: LoadedSettings): SettingRow[] {
  const table = new Map(allSettings);
  const values: Record<string, unknown> = settings;
  return Object.entries<Source>(sources).flatMap(([property, source]) => {
    const setting = table.get(property);
    return setting === undefined ? [] : [{ setting, source, value: values[property] }];
  });
}
