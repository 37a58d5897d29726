import { type ParseArgsOptionDescriptor, parseArgs } from "node:util";
import { UsageError } from "./usage-error.ts";

/** An option: what it does, and for one with a value the name of the value. */
export type CommandOption = ParseArgsOptionDescriptor & {
  readonly about: string;
  readonly value?: string;
};

export type CommandOptions = Readonly<Record<string, CommandOption>>;

export type OptionValues<Given extends CommandOptions> = ReturnType<
  typeof parseArgs<{ options: Given; allowPositionals: true }>
>["values"];

/** What a command accepts. */
export type CommandForm<Given extends CommandOptions> = {
  /** How it is called, such as `users add`. */
  readonly name: string;
  /** The arguments in their order: `FILE`, or `[FILE]` if it may be missing. */
  readonly operands: readonly string[];
  readonly options: Given;
};

/** `users add [NAME]` */
export const callOf = ({ name, operands }: CommandForm<CommandOptions>): string =>
  [name, ...operands].join(" ");

/**
 * Reads the arguments of a command. No error repeats a value, which may be a key typed by mistake.
 * @throws UsageError with one line that says what is right
 */
export function readCommandLine<const Given extends CommandOptions>(
  form: CommandForm<Given>,
  argv: readonly string[],
): { values: OptionValues<Given>; operands: string[] } {
  const { operands, options } = form;
  let parsed: { values: OptionValues<Given>; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(faultOf(error, options));
  }
  const { values, positionals } = parsed;
  const missing = operands[positionals.length];
  if (missing !== undefined && !missing.startsWith("[")) {
    throw new UsageError(`${missing} is missing: ${callOf(form)}`);
  }
  if (positionals.length > operands.length) {
    const isName = operands.at(-1)?.includes("NAME") === true;
    const hint = isName ? " (quote a name with spaces)" : "";
    throw new UsageError(`too many arguments: ${callOf(form)}${hint}`);
  }
  return { values, operands: positionals };
}

function faultOf(error: unknown, options: CommandOptions): string {
  if (!(error instanceof Error && "code" in error)) throw error;
  const flag = /'(?:-\w, )?(--?[a-z][a-z-]{0,30})/.exec(error.message)?.[1] ?? "";
  const option = options[flag.replace(/^--/, "")];
  switch (error.code) {
    case "ERR_PARSE_ARGS_INVALID_OPTION_VALUE":
      if (option?.type === "boolean") return `${flag} takes no value`;
      return `${flag} needs a value: ${flag}=${option?.value ?? "VALUE"}`;
    case "ERR_PARSE_ARGS_UNKNOWN_OPTION": {
      const known = Object.keys(options).map((name) => `--${name}`);
      const isKey = flag.includes("key");
      const own = "own-key" in options ? ": --own-key asks for it" : "";
      const keyHint = isKey ? ` (a key is never an option${own})` : "";
      const right = known.length === 0 ? "there are none" : `there are ${known.join(", ")}`;
      return `unknown option ${flag}${keyHint}; ${right}`;
    }
    default:
      throw error;
  }
}
