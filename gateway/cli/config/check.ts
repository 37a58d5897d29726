import { loadSettings } from "../../settings/load-settings.ts";
import {
  differentSettings,
  type SettingsReport,
  settingsReport,
} from "../../settings/settings-report.ts";
import { askGateway } from "../ask-gateway.ts";
import { asksForHelp, type Command, reporting } from "../frame/command.ts";

export const checkNotes = `check takes --json, --changed (only what is not the default) and the flags of serve (see llm-gateway
--help). It opens no port and no file but the settings. If a gateway runs on the same files with other
settings, it shows those of the gateway. A wrong setting is one line on standard error, and the exit
status is 1.`;

const own = ["--json", "--changed"];

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
      const flags = argv.filter((arg) => !own.includes(arg));
      const loaded = loadSettings({ argv: flags, env, cwd });
      let report = settingsReport(loaded);
      // With flags it is about a start that is yet to come.
      const { report: theirs } =
        flags.length > 0 ? { report: null } : await askGateway(loaded.settings, surroundings);
      const different = theirs === null ? [] : differentSettings(report, theirs);
      if (theirs !== null && different.length > 0) {
        report = theirs;
        say(
          `The running gateway has other settings than this shell: ${different.join(", ")}. These are its settings.`,
        );
      }
      const shown = argv.includes("--changed") ? changed(report) : report;
      if (argv.includes("--json")) out(asJson(shown));
      else for (const line of asLines(shown)) out(line);
      for (const doubt of loaded.doubts) say(`WARNING: ${doubt}`);
    }),
};

function changed(report: SettingsReport): SettingsReport {
  const rows = Object.entries(report.settings).filter(([, { from }]) => from !== "default");
  return { ...report, settings: Object.fromEntries(rows) };
}

/** A line can be pasted into `.env`: times and sizes are as they were written. */
function asLines({ settings, sections }: SettingsReport): string[] {
  const rows = Object.entries(settings).map(([env, { from, name, text }]) => {
    const isAlias = name !== env && !from.startsWith("--") && name === name.toUpperCase();
    return `${env}=${text}  (${isAlias ? `${from}, ${name}` : from})`;
  });
  return [...rows, ...sections];
}

function asJson({ config_file: configFile, settings }: SettingsReport): string {
  const rows = Object.entries(settings).map(([env, { value, from, name }]) => {
    return [env, { value, from, name }];
  });
  return JSON.stringify({ configFile, settings: Object.fromEntries(rows) });
}
