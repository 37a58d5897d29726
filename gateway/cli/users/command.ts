import type { Terminal } from "./terminal.ts";

/** What each subcommand of `users` works with. */
export type Context = {
  readonly file: string;
  readonly terminal: Terminal;
  /** Epoch ms. */
  readonly now: number;
};

/** A subcommand: its own arguments without the file's; fails by throwing one line. */
export type Command = (argv: string[], context: Context) => Promise<void>;

/** A command line that cannot be meant; answered with exit status 2. */
export class UsageError extends Error {}

/** The one name a command works on. Its value is not repeated: it may be a mistyped secret. */
export function nameOf(positionals: readonly string[]): string {
  const [name, ...rest] = positionals;
  if (name === undefined) throw new UsageError("which user? Give a name.");
  if (rest.length > 0) throw new UsageError("one name at a time (quote a name with spaces)");
  return name;
}
