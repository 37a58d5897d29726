import { FlagsError, SettingsError } from "../../settings/settings-error.ts";
import {
  type CommandForm,
  type CommandOption,
  type CommandOptions,
  callOf,
  type OptionValues,
  readCommandLine,
} from "./read-command-line.ts";
import type { Surroundings } from "./surroundings.ts";
import { tableLines } from "./table.ts";
import { UsageError } from "./usage-error.ts";

/** A command of the program, as `main.ts` and the tests run it. */
export type Command = {
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  readonly help: string;
  /** Null for a command that reads its arguments itself. */
  readonly form: CommandForm<CommandOptions> | null;
  /** @returns the exit status: 0, 1 if it failed, 2 for a wrong command line; never rejects */
  run(argv: readonly string[], surroundings: Surroundings): Promise<number>;
};

type Definition<Given extends CommandOptions> = CommandForm<Given> & {
  readonly summary: string;
  /** What else a user has to know; printed below the options. */
  readonly notes?: string;
  /** @returns the exit status; nothing means 0. Fails by throwing an Error with one line. */
  run(
    given: { values: OptionValues<Given>; operands: string[] },
    surroundings: Surroundings,
  ): Promise<void> | Promise<number>;
};

/** A command with its options: the frame reads the arguments, prints help and reports errors. */
export function command<const Given extends CommandOptions>(
  definition: Definition<Given>,
): Command {
  const { name, summary, notes, operands, options } = definition;
  const form = { name, operands, options };
  const help = helpOf(`${name}: ${summary}`, [[callOf(form), ""]], optionRows(options), notes);
  return {
    name,
    summary,
    help,
    form,
    run: (argv, surroundings) =>
      reporting(name, surroundings, async () => {
        if (!asksForHelp(argv)) {
          const status = await definition.run(readCommandLine(form, argv), surroundings);
          return typeof status === "number" ? status : 0;
        }
        surroundings.out(help);
        return 0;
      }),
  };
}

type GroupDefinition = {
  readonly name: string;
  readonly summary: string;
  readonly notes?: string;
  readonly commands: readonly Command[];
  /** The subcommand that runs if none is named; without one the help is printed. */
  readonly usual?: string;
};

/** A command with subcommands, such as `users add`. */
export function commandGroup({ name, summary, notes, commands, usual }: GroupDefinition): Command {
  const byName = new Map(commands.map((one) => [one.name.slice(name.length + 1), one]));
  const calls = commands.map(({ name: full, form, summary: about }) => {
    return [form === null ? full : callOf(form), about];
  });
  const help = helpOf(`${name}: ${summary}`, calls, groupRows(name, commands), notes);
  return {
    name,
    summary,
    help,
    form: null,
    run: (argv, surroundings) =>
      reporting(name, surroundings, async () => {
        const { word, rest } = subcommandIn(argv, commands);
        const found = byName.get(word ?? usual ?? "help");
        if (word === "help" || (word === null && (usual === undefined || asksForHelp(rest)))) {
          surroundings.out(help);
          return 0;
        }
        if (found !== undefined) return await found.run(rest, surroundings);
        const names = [...byName.keys()].join(", ");
        throw new UsageError(`it takes ${commands.length > 1 ? "one of " : ""}${names}`);
      }),
  };
}

/** Whether the arguments ask for help, wherever the option stands. */
export const asksForHelp = (argv: readonly string[]): boolean =>
  argv.includes("--help") || argv.includes("-h");

/** The first word that is neither an option nor the value of one: options may stand before it. */
function subcommandIn(
  argv: readonly string[],
  commands: readonly Command[],
): { word: string | null; rest: string[] } {
  const withValue = new Set(
    commands.flatMap(({ form }) =>
      Object.entries(form?.options ?? {})
        .filter(([, { type }]) => type === "string")
        .map(([flag]) => `--${flag}`),
    ),
  );
  const at = argv.findIndex((arg, n) => !arg.startsWith("-") && !withValue.has(argv[n - 1] ?? ""));
  return { word: argv[at] ?? null, rest: at < 0 ? [...argv] : argv.toSpliced(at, 1) };
}

function helpOf(
  title: string,
  calls: readonly (readonly string[])[],
  options: readonly (readonly string[])[],
  notes: string | undefined,
): string {
  const block = (rows: readonly (readonly string[])[]): string =>
    tableLines(rows.map(([left = "", about = ""]) => [`  ${left}`, about])).join("\n");
  const parts = [title, block(calls), block(options), notes?.trim() ?? ""];
  return parts.filter((part) => part !== "").join("\n\n");
}

const optionRows = (options: CommandOptions): string[][] =>
  Object.entries(options).map(([flag, { value, about }]) => {
    return [value === undefined ? `--${flag}` : `--${flag} ${value}`, about];
  });

/** Each option once; one that not every subcommand takes names those that do. */
function groupRows(name: string, commands: readonly Command[]): string[][] {
  const byFlag = new Map<string, { option: CommandOption; names: string[] }>();
  for (const { name: full, form } of commands) {
    for (const [flag, option] of Object.entries(form?.options ?? {})) {
      const taker = byFlag.get(flag) ?? { option, names: [] };
      taker.names.push(full.slice(name.length + 1));
      byFlag.set(flag, taker);
    }
  }
  return [...byFlag].flatMap(([flag, { option, names }]) => {
    const takers = names.length === commands.length ? "" : `${names.join(", ")}: `;
    return optionRows({ [flag]: { ...option, about: takers + option.about } });
  });
}

/**
 * Runs a command's work and gives its exit status. An error is one line on standard error; wrong
 * settings are a line each.
 */
export async function reporting(
  name: string,
  { say }: Surroundings,
  work: () => Promise<void> | Promise<number>,
): Promise<number> {
  try {
    const status = await work();
    return typeof status === "number" ? status : 0;
  } catch (error) {
    const program = name.split(" ", 1)[0];
    for (const line of linesOf(error)) say(`${program}: ${line}`);
    return error instanceof UsageError || error instanceof FlagsError ? 2 : 1;
  }
}

function linesOf(error: unknown): string[] {
  const lines = (error instanceof Error ? error.message : String(error)).split("\n");
  return error instanceof SettingsError ? lines : lines.slice(0, 1);
}
