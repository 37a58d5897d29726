import type { z } from "zod";

/** One line of the table of settings; `T` is what the checked value becomes. */
export type Setting<T> = {
  /** As in the environment; the key of the config file is the same in lower case. */
  readonly name: string;
  /** Other names in the environment; `name` wins, then the first of these. */
  readonly aliases?: readonly string[];
  /** Without the dashes. No secret has one: `ps` shows flags. */
  readonly flag?: string;
  /** The heading it stands under in the example files. */
  readonly group: string;
  readonly description: string;
  /** Its value is shown nowhere. */
  readonly secret?: true;
  /**
   * Where it can be set. `everywhere` is text; `file` is a structure that only the config file can
   * hold; `outside` is all but the config file.
   */
  readonly where?: "everywhere" | "file" | "outside";
  /** A file, relative to the working directory. */
  readonly isPath?: true;
  /** Gets text, or for `file` what the YAML holds. Its message follows the name: "must be …". */
  readonly schema: z.ZodType<T>;
  /** As a person would write it; null: unset. */
  readonly default: string | null;
  /** What the example files show where the default says too little. */
  readonly example?: string;
};

/** Any table of settings, by property of the result. */
export type SettingsTable = Readonly<Record<string, Setting<unknown>>>;
