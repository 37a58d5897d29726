import { type Gateway, startGateway } from "../serve.ts";
import { loadSettings } from "../settings/load-settings.ts";
import type { Settings } from "../settings/settings-table.ts";
import { createFirstUsersFile, type FirstKey } from "../users/first-users-file.ts";
import { version } from "./version.ts";
import { firstKeyLines, welcomeLines } from "./welcome.ts";

/**
 * Runs the gateway until it is told to stop; gives the exit code. What a person reads goes to
 * standard error, the log to standard output.
 */
export async function serve(argv: string[]): Promise<number> {
  const { settings, doubts } = loadSettings({ argv, env: process.env, cwd: process.cwd() });
  if (doubts.length > 0) say(doubts.map((doubt) => `WARNING: ${doubt}`));
  const firstKey = await firstKeyFor(settings);
  // At once: if the start fails further on, the key is not lost with it.
  if (firstKey !== null) say(firstKeyLines(firstKey));
  const gateway: Gateway = await startGateway(settings, {
    version: version(),
    pretty: process.stdout.isTTY === true,
  });
  const publishedPort = process.env.PUBLISHED_PORT || null;
  say(welcomeLines(settings, gateway.port, firstKey, publishedPort));
  await toldToStop();
  if (process.stderr.isTTY === true) say(["What runs may finish; Ctrl-C again ends it at once."]);
  await gateway.stop();
  return 0;
}

async function firstKeyFor(settings: Settings): Promise<FirstKey | null> {
  if (settings.apiKey !== null) return null;
  return await createFirstUsersFile({
    file: settings.usersFile,
    user: settings.apiUser,
    isTerminal: process.stderr.isTTY === true,
  });
}

function say(lines: readonly string[]): void {
  process.stderr.write(`${lines.join("\n")}\n`);
}

/** A signal that comes so soon after the first is the same one. Milliseconds. */
const echoOfFirst = 1_000;

/**
 * The first SIGTERM or SIGINT; a later one ends the process at once. Under `npm start` a Ctrl-C
 * comes twice, from the terminal and handed on by npm: taken for two it would cut what runs.
 */
function toldToStop(): Promise<void> {
  return new Promise((resolve) => {
    let since: number | null = null;
    const told = (): void => {
      if (since === null) {
        since = performance.now();
        resolve();
      } else if (performance.now() - since > echoOfFirst) process.exit(1);
    };
    // Not `once`: between its end and the next listener the second one would find nobody, and kill.
    process.on("SIGTERM", told);
    process.on("SIGINT", told);
  });
}
