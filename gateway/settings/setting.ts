import type { z } from "zod";
import type { Reading } from "./reading.ts";
import type { Written } from "./written.ts";

/** One setting: its names, what it means, what is right, and what it is unless told otherwise. */
export type Setting<Value> = {
  /** Its name in the environment and in `.env`. */
  readonly env: string;
  /** Other names that are read there, in this order, where the first is not set. */
  readonly aliases?: readonly string[];
  /** With its dashes. No flag takes a secret: `ps` shows flags. */
  readonly flag?: string;
  /** Never shown. */
  readonly secret?: boolean;
  /** In the config file it may be a section of its own; elsewhere that is JSON. */
  readonly section?: boolean;
  /** Not in the config file, which has a better place for it. */
  readonly environmentOnly?: boolean;
  /** Half a sentence for people. */
  readonly about: string;
  /** As text, like every other place gives it; `""` is not set. */
  readonly default: string;
  /** A value worth showing where the default is not. */
  readonly example?: string;
} & (
  | { readonly schema: z.ZodType<Value, string>; readonly read?: never }
  | {
      /** Reads a section (null: there is none) once the settings above it in the table are read. */
      readonly read: (section: Written | null, reading: Reading) => Value;
      readonly schema?: never;
    }
);

/** Its name in the config file: `max_queue`. */
export function yamlKey(setting: Pick<Setting<unknown>, "env">): string {
  return setting.env.toLowerCase();
}
