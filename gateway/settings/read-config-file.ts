import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import type { Node, Scalar } from "yaml";
import { didYouMean } from "./did-you-mean.ts";
import { codeOf } from "./read-env-file.ts";
import { SettingsError } from "./settings-error.ts";

/** The values of a config file: key to its text and where it stands. */
export type ConfigValues = ReadonlyMap<string, { text: string; position: string }>;

/** Null when `isOptional` and it is not there. Throws SettingsError for any fault, with its line. */
export function readConfigFile(
  file: string,
  options: {
    cwd: string;
    known: readonly string[];
    /** Those that may be a section: they are given as JSON. */
    sections?: readonly string[];
    isOptional: boolean;
  },
): ConfigValues | null {
  try {
    const text = readFileSync(resolve(options.cwd, file), "utf8");
    return parseConfig(text, file, options);
  } catch (error) {
    if (error instanceof SettingsError) throw error;
    const code = codeOf(error);
    if (options.isOptional && code === "ENOENT") return null;
    const reason = code === "ENOENT" ? "there is no such config file" : `cannot be read (${code})`;
    throw new SettingsError([`${file}: ${reason}; give the path of a YAML file`]);
  }
}

function parseConfig(
  text: string,
  file: string,
  { known, sections = [] }: { known: readonly string[]; sections?: readonly string[] },
): ConfigValues {
  // Loaded only where there is a config file: most starts need not wait for it.
  const { isAlias, isMap, isScalar, LineCounter, parseDocument } = createRequire(import.meta.url)(
    "yaml",
  ) as typeof import("yaml");
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const at = (offset: number): string => {
    const { line, col } = lines.linePos(offset);
    return ` line ${line}, column ${col}`;
  };
  // The library's own messages repeat the line, and with it perhaps a key.
  const [broken] = document.errors;
  if (broken !== undefined) {
    const what = broken.code.toLowerCase().replaceAll("_", " ");
    throw new SettingsError([`${file}${at(broken.pos[0])}: not valid YAML (${what})`]);
  }
  const { contents } = document;
  const values = new Map<string, { text: string; position: string }>();
  if (contents === null || (isScalar(contents) && contents.value === null)) return values;
  if (!isMap<Node, Node | null>(contents)) {
    throw new SettingsError([`${file}: must be a list of settings, one "key: value" a line`]);
  }
  const faults: string[] = [];
  for (const { key, value } of contents.items) {
    const name = isScalar(key) ? String(key.value) : "";
    const position = at(key.range?.[0] ?? 0);
    if (!known.includes(name)) {
      faults.push(`${file}${position}: no setting ${name.slice(0, 40)}${didYouMean(name, known)}`);
      continue;
    }
    // An alias of nothing resolves to undefined, which is no scalar.
    const node = isAlias(value) ? value.resolve(document) : value;
    const isSection = sections.includes(name) && isMap(node);
    const found = isSection
      ? JSON.stringify(node.toJS(document))
      : node === null
        ? ""
        : isScalar(node)
          ? textOf(node)
          : null;
    if (found === null) faults.push(`${file}${position}: ${name} must be a single value`);
    else values.set(name, { text: found, position: at(value?.range?.[0] ?? 0) });
  }
  if (faults.length > 0) throw new SettingsError(faults);
  return values;
}

/** As it was written, so that a key of digits keeps its zeros; `false` is off. */
function textOf({ value, source }: Scalar): string {
  if (value === null) return "";
  if (value === false) return "off";
  return (typeof value === "string" ? value : (source ?? String(value))).trim();
}
