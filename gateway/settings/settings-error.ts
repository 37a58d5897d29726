/** Settings that cannot be used: one line for each, without secrets. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join("\n"));
    this.faults = faults;
  }
}

/** Flags that are unknown or lack a value: the command line is wrong, not a setting. */
export class FlagsError extends SettingsError {}
