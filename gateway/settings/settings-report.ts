import type { LoadedSettings } from "./load-settings.ts";
import { maskSecrets } from "./mask-secrets.ts";
import { sectionLines } from "./section-lines.ts";
import { allSettings } from "./settings-table.ts";
import type { Source } from "./source.ts";

/** One setting as `config check` shows it. A secret is `***`. */
export type ReportedSetting = {
  readonly value: unknown;
  /** As it was written, for `.env`. */
  readonly text: string;
  readonly from: string;
  /** The name it was given under. */
  readonly name: string;
};

/** All settings without secrets, for `config check`, doctor and GET /settings. */
export type SettingsReport = {
  readonly config_file: string | null;
  readonly settings: Readonly<Record<string, ReportedSetting>>;
  /** Upstreams, routes, models and middlewares, as lines for people. */
  readonly sections: readonly string[];
};

/** In the order of the table. */
export function settingsReport({ settings, sources, configFile }: LoadedSettings): SettingsReport {
  const values: Record<string, unknown> = settings;
  const found: Record<string, Source | undefined> = sources;
  const rows = allSettings.flatMap(([property, setting]) => {
    const source = found[property];
    if (source === undefined) return [];
    const value = values[property];
    const shown = setting.secret && value !== null ? "***" : maskSecrets(value);
    const { text, from, name } = source;
    return [[setting.env, { value: shown, text, from, name }] as const];
  });
  return {
    config_file: configFile,
    settings: Object.fromEntries(rows),
    sections: sectionLines(settings),
  };
}

/** Where a gateway listens and what it writes is no matter of what it answers with. */
const asides =
  /^(HOST|PORT|PUBLIC_PORT|METRICS_PORT|LOG_LEVEL|USERS_FILE|DATABASE_FILE|DRAIN_TIMEOUT)$/;

/** The names of the settings that differ between two reports, without addresses and paths. */
export function differentSettings(one: SettingsReport, other: SettingsReport): string[] {
  const text = (value: unknown): string => JSON.stringify(value) ?? "";
  return Object.keys(one.settings).filter((name) => {
    return (
      !asides.test(name) && text(one.settings[name]?.value) !== text(other.settings[name]?.value)
    );
  });
}
