import { loadSome } from "../settings/load-settings.ts";
import { add } from "./users/add.ts";
import { disable, enable, hash, remove } from "./users/change.ts";
import { type Command, UsageError } from "./users/command.ts";
import { list, show } from "./users/list.ts";
import { rotate } from "./users/rotate.ts";
import { processTerminal, type Terminal } from "./users/terminal.ts";

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ["list", list],
  ["add", add],
  ["remove", remove],
  ["rotate", rotate],
  ["disable", disable],
  ["enable", enable],
  ["show", show],
  ["hash", hash],
]);

const HELP = `users: who may use this gateway

  users list                     everybody's keys (first characters only)
  users add [NAME] [options]     a new key, shown once
  users remove NAME              takes away all of a person's keys
  users rotate NAME              a new key; the old ones work on for --grace (24h)
  users disable|enable NAME      switches a person's keys off and on
  users show NAME                everything about a person's keys but the keys
  users hash                     stores plain keys hashed

add:     --role admin --expires 2027-01-31 --models 'qwen*,llama-?' --weight 2 --priority 1
         --note TEXT
add, rotate:  --own-key          asks for the key, or reads it from standard input
              --plain            stores the key as it is instead of hashed
rotate, remove, disable, enable:  --hint sk-1234   only the keys that begin so
rotate:  --grace 30m|24h|7d|0
all:     --json --users-file FILE (else USERS_FILE, else data/users.json)
`;

/**
 * `users …`: edits the users file; the gateway sees it on the next request.
 * @returns the exit status: 0, 1 when it failed, 2 when the command line cannot be meant
 */
export async function users(
  argv: string[],
  terminal: Terminal = processTerminal(),
): Promise<number> {
  try {
    // Before the settings: help must not depend on them.
    if (argv.length === 0 || argv[0] === "help" || argv.includes("--help")) {
      terminal.out(HELP.trimEnd());
      return 0;
    }
    const { file, rest } = takeFile(argv);
    const [name = "", ...args] = rest;
    const command = COMMANDS.get(name);
    if (command === undefined) throw new UsageError("no such subcommand; see users --help");
    await command(args, { file, terminal, now: Date.now() });
    return 0;
  } catch (error) {
    terminal.say(`users: ${lineOf(error)}`);
    return isUsage(error) ? 2 : 1;
  }
}

/** Takes `--users-file FILE` out of the arguments, wherever it stands. */
function takeFile(argv: string[]): { file: string; rest: string[] } {
  const at = argv.findIndex((arg) => arg === "--users-file" || arg.startsWith("--users-file="));
  const flag = argv[at];
  if (flag === undefined) return { file: fileOfSettings(), rest: argv };
  const isJoined = flag.includes("=");
  const file = isJoined ? flag.slice(flag.indexOf("=") + 1) : argv[at + 1];
  if (file === undefined || file === "") throw new UsageError("--users-file needs a path");
  return { file, rest: argv.toSpliced(at, isJoined ? 1 : 2) };
}

function fileOfSettings(): string {
  const given = { argv: [], env: process.env, cwd: process.cwd() };
  return loadSome(["usersFile"], given).usersFile;
}

function isUsage(error: unknown): boolean {
  return error instanceof UsageError || codeOf(error).startsWith("ERR_PARSE_ARGS");
}

/** One line without any value of the command line: a mistyped one may be a key. */
function lineOf(error: unknown): string {
  const code = codeOf(error);
  if (code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL") return "it takes no name";
  if (code === "ERR_PARSE_ARGS_UNKNOWN_OPTION") {
    const flag = /'(--?[a-z-]+)/.exec(messageOf(error))?.[1] ?? "a flag";
    const isKey = flag.includes("key") ? " (a key is never a flag: --own-key asks for it)" : "";
    return `unknown option ${flag}${isKey}`;
  }
  return messageOf(error).split("\n")[0] ?? "";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : "it failed";
}

function codeOf(error: unknown): string {
  const isCoded = error instanceof Error && "code" in error && typeof error.code === "string";
  return isCoded ? String(error.code) : "";
}
