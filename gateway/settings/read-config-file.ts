import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { didYouMean } from "../kinds/did-you-mean.ts";
import type { Written } from "../kinds/written.ts";
import { decodedText } from "./decoded-text.ts";
import { parseYaml } from "./parse-yaml.ts";
import { codeOf } from "./read-env-file.ts";
import { SettingsError } from "./settings-error.ts";

/** One value of a config file: as text, which of a section is JSON, and where it stands. */
export type ConfigValue = {
  readonly text: string;
  readonly position: string;
  /** Of a section. */
  readonly section?: Written;
};

export type ConfigValues = ReadonlyMap<string, ConfigValue>;

/**
 * Null when `isOptional` and it is not there. Throws SettingsError for any fault, with its line.
 */
export function readConfigFile(
  file: string,
  options: {
    cwd: string;
    known: readonly string[];
    /** Those that may be a section. */
    sections?: readonly string[];
    isOptional: boolean;
  },
): ConfigValues | null {
  try {
    const text = decodedText(readFileSync(resolve(options.cwd, file)));
    return valuesIn(text, file, options);
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    const code = codeOf(error);
    if (options.isOptional && code === "ENOENT") return null;
    const reason = code === "ENOENT" ? "there is no such config file" : `cannot be read (${code})`;
    throw new SettingsError([`${file}: ${reason}; give the path of a YAML file`]);
  }
}

function valuesIn(
  text: string,
  file: string,
  { known, sections = [] }: { known: readonly string[]; sections?: readonly string[] },
): ConfigValues {
  const parsed = parseYaml(text, file);
  const faults = [...parsed.faults];
  const values = new Map<string, ConfigValue>();
  const { root } = parsed;
  if (root !== null && root.members === null && root.text !== "") {
    const instead = root.items === null ? "" : ', without the "-" of a list';
    faults.push(`${file}: write each setting on a line as "key: value"${instead}`);
  }
  for (const { name, at, written } of root?.members ?? []) {
    if (!known.includes(name)) {
      faults.push(`${at}: no setting ${name.slice(0, 40)}${didYouMean(name, known)}`);
    } else if (written.text !== null) {
      values.set(name, { text: written.text, position: written.at.slice(file.length) });
    } else if (sections.includes(name)) {
      const position = written.at.slice(file.length);
      values.set(name, { text: JSON.stringify(written.value), position, section: written });
    } else {
      faults.push(`${at}: ${name} must be a single value`);
    }
  }
  if (faults.length > 0) throw new SettingsError(faults);
  return values;
}
