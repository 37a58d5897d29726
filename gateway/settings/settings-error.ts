/** Settings that cannot be meant. Every problem is one line without a secret; so is the message. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const [first = "the settings are wrong", ...rest] = problems;
    super(rest.length === 0 ? first : `${first} (and ${rest.length} more: see config check)`);
    this.name = "SettingsError";
    this.problems = problems;
  }
}

/** A command line that cannot be meant: the exit code is 2 instead of 1. */
export class FlagError extends SettingsError {
  constructor(problem: string) {
    super([problem]);
    this.name = "FlagError";
  }
}
