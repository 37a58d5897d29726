import type { Settings } from "./settings-table.ts";

/** Where the value of one setting came from. */
export type Source = {
  /** `default`, `environment`, `.env`, the config file's path, or the flag (`--port`). */
  readonly from: string;
  /** The name it was given under: an alias, or the setting's own. */
  readonly name: string;
  /** As it was written; `***` for a secret that is set. */
  readonly text: string;
};

export type Sources = { readonly [Name in keyof Settings]: Source };
