import type { Declared, DeclaredValue } from "../kinds/declared.ts";
import type { JsonSchema } from "../kinds/kind.ts";
import type { Written } from "../kinds/written.ts";
import type { Reading } from "./reading.ts";

/** One setting: its names, its meaning, its values and its default. */
export type Setting = PlainSetting | SectionSetting<unknown>;

type Named = {
  /** Its name in the environment and in `.env`. */
  readonly env: string;
  /** Other names that are read there, in this order, if the first is not set. */
  readonly aliases?: readonly string[];
  /** With its dashes. No flag takes a secret: `ps` shows flags. */
  readonly flag?: string;
  /** Its value is never shown. */
  readonly secret?: boolean;
  /** Not in the config file, which has a better place for it. */
  readonly environmentOnly?: boolean;
  /** Half a sentence for people. */
  readonly about: string;
  /** As text, as every other place gives it; `""` is not set. */
  readonly default: string;
  /** A value worth showing if the default is not. */
  readonly example?: string;
};

/** A setting with a single value. */
export type PlainSetting = Named & Declared & { readonly section?: never };

/** A setting that is a section of the config file, and JSON in every other place. */
export type SectionSetting<Value> = Named & {
  readonly section: Section<Value>;
};

export type Section<Value> = {
  /** Reads it (null: it is not there) when all plain settings and the sections above are read. */
  readonly read: (section: Written | null, reading: Reading) => Value;
  readonly schema: JsonSchema;
};

/** The settings that a table of them comes to. */
export type SettingsOf<Table> = {
  readonly [Name in keyof Table]: DeclaredValue<Table[Name]>;
};

/** Its name in the config file: `max_queue`. */
export function yamlKey(setting: Pick<Setting, "env">): string {
  return setting.env.toLowerCase();
}
