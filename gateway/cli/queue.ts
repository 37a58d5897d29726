import { once } from "node:events";
import { parseArgs } from "node:util";
import { loadSome } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings-table.ts";
import { gatewayAddress } from "./gateway-address.ts";
import { findKey } from "./queue/find-key.ts";
import { processScreen, type Screen, showLive } from "./queue/live.ts";
import { createQueueCalls, type QueueCalls } from "./queue/queue-calls.ts";
import { queueLines } from "./queue/queue-lines.ts";
import { UsageError } from "./users/command.ts";
import { processTerminal, type Terminal } from "./users/terminal.ts";

const HELP = `queue: who runs, who waits, and how long

  queue                       the line, live on a terminal (Ctrl-C leaves), else once
  queue pause|resume|drain    nobody starts | all goes on | the waiting are sent away
  queue remove ID             takes one out of the line, or stops it; the shown part will do

--once            prints the line and ends
--json            for programs, once
--url URL         another gateway than the one of the settings on this machine
--config FILE     another config file

An administrator sees and steers everybody's, others their own. The key is LLM_GATEWAY_KEY; for the
gateway on this machine also API_KEY or data/first-key; on a terminal it is asked for.`;

/** Where the command runs; the process itself unless a test says otherwise. */
export type QueuePlace = {
  env: Readonly<Record<string, string | undefined>>;
  cwd: string;
  terminal: Terminal;
  screen: Screen;
  /** Ends the live view. */
  signal: AbortSignal | null;
};

type Flags = { once?: boolean; json?: boolean; url?: string; config?: string; help?: boolean };

/**
 * `queue …`: shows and steers the line of a gateway that runs.
 * @returns the exit status: 0, 1 when it failed, 2 when the command line cannot be meant
 */
export async function queue(argv: string[], place: Partial<QueuePlace> = {}): Promise<number> {
  const { env = process.env, cwd = process.cwd(), terminal = processTerminal() } = place;
  try {
    const { values, positionals } = readArgs(argv);
    if (values.help || positionals[0] === "help") {
      terminal.out(HELP);
      return 0;
    }
    const [action = "show", id, ...more] = positionals;
    checkAction(action, id, more);
    const config = values.config === undefined ? [] : ["--config", values.config];
    const needed = ["host", "port", "apiKey", "usersFile"] as const;
    const settings = loadSome(needed, { argv: config, env, cwd });
    const { url, isLocal } = addressOf(values.url, settings);
    const key = await findKey(settings, { env, cwd, terminal }, isLocal);
    const calls = createQueueCalls(url, key);
    if (action === "remove") await remove(calls, id ?? "", values, terminal);
    else if (action !== "show") print(await calls.steer(action), values, terminal);
    else await show(calls, values, { terminal, ...place });
    return 0;
  } catch (error) {
    // Of a command line only the kind of fault is told: what stands there by mistake may be a key.
    const isParse = error instanceof Error && "code" in error && isParseCode(error.code);
    const said = isParse ? "no such option; see queue --help (a key is never a flag)" : null;
    terminal.say(`queue: ${said ?? (error instanceof Error ? error.message : "it failed")}`);
    return isParse || error instanceof UsageError ? 2 : 1;
  }
}

const isParseCode = (code: unknown): boolean => String(code).startsWith("ERR_PARSE_ARGS");

function readArgs(argv: string[]): { values: Flags; positionals: string[] } {
  return parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      once: { type: "boolean" },
      json: { type: "boolean" },
      url: { type: "string" },
      config: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
}

function checkAction(action: string, id: string | undefined, more: string[]): void {
  const known = ["show", "pause", "resume", "drain", "remove"];
  if (!known.includes(action)) throw new UsageError("no such subcommand; see queue --help");
  if (action === "remove" && (id === undefined || more.length > 0)) {
    throw new UsageError("remove takes one id");
  }
  if (action !== "remove" && id !== undefined) throw new UsageError(`${action} takes nothing more`);
}

/** Where to ask, and whether that is this machine. */
function addressOf(
  given: string | undefined,
  { host, port }: Pick<Settings, "host" | "port">,
): { url: string; isLocal: boolean } {
  if (given === undefined) {
    return { url: gatewayAddress({ host, port }), isLocal: true };
  }
  const url = URL.canParse(given) ? new URL(given) : null;
  const isHttp = url?.protocol === "http:" || url?.protocol === "https:";
  if (url === null || !isHttp || url.username !== "" || url.password !== "") {
    throw new UsageError("--url takes an address such as http://192.168.1.10:8000");
  }
  const path = url.pathname.replace(/\/+$/, "").replace(/\/v1$/, "");
  const isLocal = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  return { url: url.origin + path, isLocal };
}

async function show(
  calls: QueueCalls,
  flags: Flags,
  {
    terminal,
    screen = processScreen(),
    signal = null,
  }: Partial<QueuePlace> & { terminal: Terminal },
): Promise<void> {
  if (flags.json || flags.once || !screen.isTTY) return print(await calls.show(), flags, terminal);
  const leaving = new AbortController();
  // The first Ctrl-C gives the terminal back as it was.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    void once(process, name, { signal: leaving.signal }).then(
      () => leaving.abort(),
      () => {},
    );
  }
  signal?.addEventListener("abort", () => leaving.abort(), { once: true });
  try {
    await showLive(calls, screen, leaving.signal);
  } finally {
    leaving.abort();
  }
}

function print(view: Awaited<ReturnType<QueueCalls["show"]>>, flags: Flags, to: Terminal): void {
  if (flags.json) to.out(JSON.stringify(view));
  else for (const line of queueLines(view, Date.now())) to.out(line);
}

/** The table shows the beginnings of ids: such a one is looked up, if it can mean one only. */
async function remove(
  calls: QueueCalls,
  wanted: string,
  flags: Flags,
  terminal: Terminal,
): Promise<void> {
  const { data } = await calls.show();
  const found = data.filter(({ id }) => id === wanted || (wanted !== "" && id.startsWith(wanted)));
  const [one] = found;
  if (one === undefined) throw new Error("you have no waiting or running request with this id");
  if (found.length > 1) throw new Error(`${found.length} ids begin so; give more of it`);
  const was = await calls.remove(one.id);
  if (flags.json) terminal.out(JSON.stringify({ id: one.id, was }));
  else terminal.out(was === "running" ? "stopped" : "taken out of the line");
}
