import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { kindOf } from "../kinds/declared.ts";
import { readText } from "../kinds/kind.ts";
import { clusterFaults } from "./cluster-faults.ts";
import { deepFrozen } from "./deep-frozen.ts";
import { doubtsOf, type Names } from "./doubts.ts";
import { faultLine } from "./fault-line.ts";
import type { Found } from "./found.ts";
import { maskedText } from "./mask-secrets.ts";
import { addOriginalLimit } from "./original-limit.ts";
import { type ConfigValues, readConfigFile } from "./read-config-file.ts";
import { type Environment, readEnvFile, textOfEnvFile } from "./read-env-file.ts";
import { readFlags } from "./read-flags.ts";
import { readSection } from "./read-section.ts";
import type { Reading } from "./reading.ts";
import { type Setting, yamlKey } from "./setting.ts";
import { SettingsError } from "./settings-error.ts";
import { allSettings, type Settings } from "./settings-table.ts";
import type { Source, Sources } from "./source.ts";
import { doubtAboutLines } from "./unread-lines.ts";
import { variableIn } from "./variable-in.ts";

export type LoadedSettings = {
  readonly settings: Settings;
  readonly sources: Sources;
  /** The config file that was read, null without one. */
  readonly configFile: string | null;
  /** What can be read and is hardly meant: a line each, for people. */
  readonly doubts: readonly string[];
};

/** A reader of one place; undefined where the setting is not set there. */
type Place = (setting: Setting) => Found | undefined;

const table = allSettings;

/**
 * Flags over environment over `.env` over the config file over defaults. Throws SettingsError with
 * one line for each thing that is wrong; no line holds a secret. Changes nothing, process.env
 * included. Paths among the settings stay as they are given.
 */
export function loadSettings(given: Given): LoadedSettings {
  const { values, sources, configFile, unasked } = read(given, table);
  addOriginalLimit(values, sources);
  const settings = Object.freeze(values) as Settings;
  refuseOnePortTwice(settings);
  refuseOtherOtlp(settings);
  const ofCluster = clusterFaults(settings);
  if (ofCluster.length > 0) throw new SettingsError(ofCluster);
  const all = table.map(([, setting]) => setting);
  const doubts = doubtsOf(settings, unasked, all);
  const aboutLines = doubtAboutLines(textOfEnvFile(given.cwd));
  return {
    settings,
    sources: Object.freeze(sources) as Sources,
    configFile,
    doubts: aboutLines === null ? doubts : [aboutLines, ...doubts],
  };
}

/**
 * The same of these settings alone, for a command that needs no more: what is wrong with another,
 * such as a variable that is not set in this shell, is nothing to it.
 */
export function loadSome<Name extends keyof Settings>(
  names: readonly Name[],
  given: Given,
): Pick<Settings, Name> {
  const wanted = new Set<string>(names);
  const { values } = read(
    given,
    table.filter(([name]) => wanted.has(name)),
  );
  return Object.freeze(values) as Pick<Settings, Name>;
}

/** The config file that these settings are read from; null without one. */
export function configFileIn(given: Given): string | null {
  return read(given, []).configFile;
}

type Given = {
  readonly argv: readonly string[];
  readonly env: Environment;
  readonly cwd: string;
};

type Read = {
  readonly values: Record<string, unknown>;
  readonly sources: Record<string, Source>;
  readonly configFile: string | null;
  readonly unasked: readonly Names[];
};

/** Sections may ask for those above them in the table, which must then be wanted too. */
function read({ argv, env, cwd }: Given, wanted: typeof table): Read {
  const flags = readFlags(argv, ["--config", ...table.flatMap(([, { flag }]) => flag ?? [])]);
  const envFile = readEnvFile(cwd);
  const named =
    flags.get("--config") ?? textIn(env, "CONFIG_FILE") ?? textIn(envFile, "CONFIG_FILE");
  const config = findConfig(named, cwd);
  const places: Place[] = [
    inFlags(flags),
    inEnvironment(env, "environment"),
    inEnvironment(envFile, ".env"),
    ...(config === null ? [] : [inConfig(config.values, config.file)]),
  ];
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  const faults: string[] = [];
  const asked = new Set<string>();
  const reading: Reading = {
    settings: values,
    variable: (name) => {
      asked.add(name);
      return textIn(env, name) ?? textIn(envFile, name);
    },
    exists: (path) => existsSync(resolve(cwd, path)),
    fault(at, says, value) {
      faults.push(`${at}: ${says}${value === undefined ? "" : `; it is ${value}`}`);
    },
  };
  for (const [name, setting] of wanted) {
    const found = firstOf(places, setting);
    if (setting.section !== undefined) {
      const section = readSection(setting, found, faults);
      // What cannot be read at all is missing, so that nothing is held against it.
      if (section !== undefined) values[name] = deepFrozen(setting.section.read(section, reading));
      sources[name] = sourceOf(setting, found);
      continue;
    }
    const text = found?.text ?? setting.default;
    const variable = setting.secret && found?.place === "config file" ? variableIn(text) : null;
    const meant = variable === null ? text : reading.variable(variable);
    const result = readText(kindOf(setting), meant ?? "");
    if (found !== undefined && meant === undefined) {
      faults.push(faultLine(setting, found, `the variable ${variable} is not set`));
    } else if (result.fault === null) {
      values[name] = result.value;
      sources[name] = sourceOf(setting, found);
    } else if (found !== undefined) {
      faults.push(faultLine(setting, found, result.fault));
    } else {
      throw new Error(`the default of ${setting.env} is wrong`);
    }
  }
  if (faults.length > 0) throw new SettingsError(faults);
  const unasked = Object.entries({ environment: env, ".env": envFile }).map(([place, names]) => {
    const set = Object.keys(names).filter((name) => !asked.has(name) && textIn(names, name));
    return { place, names: set };
  });
  return { values, sources, configFile: config?.file ?? null, unasked };
}

function sourceOf(setting: Setting, found: Found | undefined): Source {
  const { from, name, text } = found ?? {
    from: "default",
    name: setting.env,
    text: setting.default,
  };
  if (setting.section !== undefined) return Object.freeze({ from, name, text: maskedText(text) });
  const isShown = !setting.secret || text === "";
  return Object.freeze({ from, name, text: isShown ? text : "***" });
}

function firstOf(places: readonly Place[], setting: Setting): Found | undefined {
  for (const place of places) {
    const found = place(setting);
    if (found !== undefined) return found;
  }
  return undefined;
}

function inFlags(flags: ReadonlyMap<string, string>): Place {
  return ({ flag = "" }) => {
    const text = flags.get(flag);
    if (text === undefined) return undefined;
    return { text, place: "flag", from: flag, name: flag, position: "" };
  };
}

function inEnvironment(env: Environment, from: string): Place {
  return (setting) => {
    for (const name of [setting.env, ...(setting.aliases ?? [])]) {
      const text = textIn(env, name);
      if (text !== undefined) return { text, place: "environment", from, name, position: "" };
    }
    return undefined;
  };
}

function inConfig(values: ConfigValues, from: string): Place {
  return (setting) => {
    if (setting.environmentOnly) return undefined;
    const name = yamlKey(setting);
    const value = values.get(name);
    return value?.text ? { ...value, place: "config file", from, name } : undefined;
  };
}

/** An empty value is none: compose files cannot take a variable away, only empty it. */
function textIn(env: Environment, name: string): string | undefined {
  return env[name]?.trim() || undefined;
}

/** The file that is named, or the first one that stands where one may. */
function findConfig(
  named: string | undefined,
  cwd: string,
): { file: string; values: ConfigValues } | null {
  const known = table.flatMap(([, setting]) => (setting.environmentOnly ? [] : [yamlKey(setting)]));
  const sections = table.flatMap(([, setting]) =>
    setting.section === undefined ? [] : [yamlKey(setting)],
  );
  for (const file of named === undefined ? ["data/config.yaml", "config.yaml"] : [named]) {
    const isOptional = named === undefined;
    const values = readConfigFile(file, { cwd, known, sections, isOptional });
    if (values !== null) return { file, values };
  }
  return null;
}

/** Only where it counts: other programs of the machine may use the same variable. */
function refuseOtherOtlp({ otlpEndpoint, otlpProtocol }: Settings): void {
  const ours = "http/protobuf";
  if (otlpEndpoint === null || otlpProtocol === ours) return;
  const name = "OTEL_EXPORTER_OTLP_PROTOCOL";
  const must = `must be ${ours}, which collectors take on port 4318`;
  throw new SettingsError([`${name}=${otlpProtocol}: ${must}; for example ${name}=${ours}`]);
}

function refuseOnePortTwice({ port, publicPort, metricsPort }: Settings): void {
  const fault = (wrong: string, other: string, value: number): SettingsError =>
    new SettingsError([
      `${wrong}=${value}: must not be the port of ${other}; for example ${wrong}=${value + 1}`,
    ]);
  if (publicPort && publicPort === port) throw fault("PUBLIC_PORT", "PORT", port);
  if (metricsPort && metricsPort === port) throw fault("METRICS_PORT", "PORT", port);
  if (metricsPort && metricsPort === publicPort) {
    throw fault("METRICS_PORT", "PUBLIC_PORT", publicPort);
  }
}
