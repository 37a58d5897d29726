import type { Command } from "./frame/command.ts";
import type { Surroundings } from "./frame/surroundings.ts";
import { tableLines } from "./frame/table.ts";
import { UsageError } from "./frame/usage-error.ts";
import { version } from "./version.ts";

/** Each is loaded when it is needed: `users add` does not wait for the parts of `serve`. */
const loaders: ReadonlyMap<string, () => Promise<Command>> = new Map<
  string,
  () => Promise<Command>
>([
  ["serve", async () => (await import("./serve.ts")).serve],
  ["key", async () => (await import("./key.ts")).key],
  ["users", async () => (await import("./users.ts")).users],
  ["usage", async () => (await import("./usage.ts")).usage],
  ["ledger", async () => (await import("./ledger.ts")).ledger],
  ["queue", async () => (await import("./queue.ts")).queue],
  ["config", async () => (await import("./config.ts")).config],
  ["doctor", async () => (await import("./doctor.ts")).doctor],
  ["ledger", async () => (await import("./ledger.ts")).ledger],
  ["backup", async () => (await import("./backup.ts")).backup],
  ["restore", async () => (await import("./restore.ts")).restore],
  ["migrate", async () => (await import("./migrate.ts")).migrate],
]);

/**
 * Runs one command line, given without the name of the program. Flags without a command belong to
 * `serve`.
 * @returns the exit status
 */
export async function runCommandLine(
  argv: readonly string[],
  surroundings: Surroundings,
): Promise<number> {
  const { out } = surroundings;
  const [first = "serve", ...others] = argv;
  const name = first.startsWith("-") ? "serve" : first;
  const rest = first.startsWith("-") ? argv : others;
  if (first === "--version" || first === "-v") {
    out(version());
    return 0;
  }
  const isHelpOfServe = name === "serve" && (rest.includes("--help") || rest.includes("-h"));
  if (first === "help" || isHelpOfServe) {
    out(await programHelp());
    return 0;
  }
  const load = loaders.get(name);
  // The word is not repeated: it may be a key typed by mistake.
  if (load === undefined) throw new UsageError(`no such command; ${listed()} (see --help)`);
  const found = await load();
  return await found.run(rest, surroundings);
}

const listed = (): string => `there are ${[...loaders.keys()].join(", ")}`;

async function programHelp(): Promise<string> {
  const commands = await Promise.all([...loaders.values()].map((load) => load()));
  const rows = commands.map(({ name, summary }) => [`  ${name}`, summary]);
  const [serve] = commands;
  return [
    "llm-gateway: a key for each user, one fair queue, honest accounts",
    "",
    "./gateway.sh COMMAND [OPTIONS]     COMMAND --help says more of a command",
    "",
    ...tableLines([...rows, ["  --version", "prints the version"]]),
    "",
    serve?.help ?? "",
  ].join("\n");
}
