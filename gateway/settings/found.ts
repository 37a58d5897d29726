import type { Written } from "../kinds/written.ts";

/** A value of one setting as it was written in one place. */
export type Found = {
  readonly text: string;
  readonly place: "flag" | "environment" | "config file";
  /** What `config check` shows: `environment`, `.env`, the file's path, the flag. */
  readonly from: string;
  /** The name it was written under. */
  readonly name: string;
  /** ` line 3, column 7` in a config file, else "". */
  readonly position: string;
  /** A section of a config file. */
  readonly section?: Written;
};
