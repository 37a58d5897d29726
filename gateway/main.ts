import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";
import { version } from "./cli/version.ts";

// What was compiled once need not be again: the second start takes half the time. `npm start`, the
// image and the service name the folder before Node starts: then this file is in it too, and what
// strips types (20 MB) is never loaded. Where the folder cannot be written, Node goes its own way.
enableCompileCache(
  process.env.NODE_COMPILE_CACHE ??
    fileURLToPath(new URL("../node_modules/.cache/llm-gateway", import.meta.url)),
);

type Run = (argv: string[]) => Promise<number>;

/** Loaded when it is asked for: `users add` need not wait for the HTTP parts. */
const commands: ReadonlyMap<string, () => Promise<Run>> = new Map<string, () => Promise<Run>>([
  ["serve", async () => (await import("./cli/serve.ts")).serve],
  ["users", async () => (await import("./cli/users.ts")).users],
  ["usage", async () => (await import("./cli/usage.ts")).usage],
  ["queue", async () => (await import("./cli/queue.ts")).queue],
  ["config", async () => (await import("./cli/config.ts")).config],
  ["doctor", async () => (await import("./cli/doctor.ts")).doctor],
  ["backup", async () => (await import("./cli/backup.ts")).backup],
  ["restore", async () => (await import("./cli/restore.ts")).restore],
  ["migrate", async () => (await import("./cli/migrate.ts")).migrate],
]);

/** Runs one command line without the program's name; gives the exit code. Never rejects. */
async function main(argv: string[]): Promise<number> {
  const [first = "serve"] = argv;
  if (first === "--version" || first === "-v") return print(version());
  if (first === "--help" || first === "-h" || first === "help") return help();
  const name = first.startsWith("-") ? "serve" : first;
  const rest = first.startsWith("-") ? argv : argv.slice(1);
  const load = commands.get(name);
  if (load === undefined) {
    // Not repeated: what stands there by mistake may be a key.
    complain(
      `no such command; there are serve, ${[...commands.keys()].slice(1).join(", ")} (see --help)`,
    );
    return 2;
  }
  if (name === "serve" && (rest.includes("--help") || rest.includes("-h"))) return help();
  try {
    const run = await load();
    return await run(rest);
  } catch (error) {
    for (const line of linesOf(error)) complain(line);
    return 1;
  }
}

async function help(): Promise<number> {
  const { helpText } = await import("./cli/help.ts");
  return print(helpText());
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

function complain(line: string): void {
  process.stderr.write(`llm-gateway: ${line}\n`);
}

/** One line for each wrong setting, the first line of any other error; never a stack. */
function linesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return ["it failed"];
  const lines = error.message.split("\n");
  return error.name === "SettingsError" ? lines : lines.slice(0, 1);
}

// Exits at once: a start that failed half-way may have left a port or a worker open.
process.exit(await main(process.argv.slice(2)));
