import type { GatewayOptions } from "../serve.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { originalLimit, originalLimitLine } from "../settings/original-limit.ts";
import { settingsReport } from "../settings/settings-report.ts";
import { allSettings, type Settings } from "../settings/settings-table.ts";
import { forgetFirstKeyInTime } from "../users/first-key.ts";
import { createFirstUsersFile, type FirstKey } from "../users/first-users-file.ts";
import { type Command, reporting } from "./frame/command.ts";
import type { Surroundings } from "./frame/surroundings.ts";
import { tableLines } from "./frame/table.ts";
import { version } from "./version.ts";
import { findingLines, firstKeyLines, welcomeLines } from "./welcome.ts";

/**
 * `serve`: runs the gateway until it is told to stop. What a person reads goes to standard error,
 * the log to standard output.
 */
export const serve: Command = {
  name: "serve",
  summary: "runs the gateway; it is the command if none is named",
  help: flagsHelp(),
  // The settings have flags of their own.
  form: null,
  run: (argv, surroundings) =>
    reporting("llm-gateway", surroundings, async () => await serveUntilStopped(argv, surroundings)),
};

async function serveUntilStopped(
  argv: readonly string[],
  { env, cwd, say, screen }: Surroundings,
): Promise<void> {
  const loaded = loadSettings({ argv, env, cwd });
  const { settings, sources, doubts } = loaded;
  for (const doubt of doubts) say(`WARNING: ${doubt}`);
  if (sources.maxTokens.from === originalLimit) say(originalLimitLine(settings));
  const firstKey = await firstKeyFor(settings);
  forgetFirstKeyInTime(settings.usersFile, Date.now());
  // Before the start: if it fails, the key is not lost with it.
  if (firstKey !== null) say(firstKeyLines(firstKey).join("\n"));
  // Loaded here, so that help does not wait for the HTTP parts.
  const { startGateway } = await import("../serve.ts");
  const gateway = await startGateway(settings, {
    version: version(),
    logForm: logFormOf(settings.logFormat, screen.isTTY),
    settingsReport: settingsReport(loaded),
    configFile: loaded.configFile,
  });
  const publishedPort = env.PUBLISHED_PORT || null;
  say(welcomeLines(settings, gateway.port, firstKey, publishedPort).join("\n"));
  // A server that is slow to answer must not hold back the addresses.
  void gateway.findings().then((findings) => {
    if (findings.length > 0) say(findingLines(findings).join("\n"));
  });
  await toldToStop();
  if (process.stderr.isTTY === true) {
    say("Running requests may finish. Press Ctrl-C again to stop at once.");
  }
  await gateway.stop();
}

/** `auto` is for people on a terminal; `text` is the name that `pretty` had first. */
function logFormOf(format: Settings["logFormat"], isTerminal: boolean): GatewayOptions["logForm"] {
  if (format === "auto") return isTerminal ? "pretty" : "json";
  return format === "text" ? "pretty" : format;
}

async function firstKeyFor(settings: Settings): Promise<FirstKey | null> {
  if (settings.apiKey !== null) return null;
  return await createFirstUsersFile({
    file: settings.usersFile,
    user: settings.apiUser,
    isTerminal: process.stderr.isTTY === true,
  });
}

/** A signal this soon after the first one is the same one. Milliseconds. */
const echoOfFirst = 1_000;

/**
 * Resolves at the first SIGTERM or SIGINT; a later one ends the process at once. Under `npm start`
 * a Ctrl-C arrives twice, from the terminal and from npm: two would cut off running requests.
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
    // Not `once`: a second signal without a listener would kill the process.
    process.on("SIGTERM", told);
    process.on("SIGINT", told);
  });
}

/** The flags of `serve` and `config check`, from the table of settings. */
function flagsHelp(): string {
  const flags = allSettings.flatMap(([, { flag, env, about }]) =>
    flag === undefined ? [] : [[`  ${flag} VALUE`, `${about} (${env})`]],
  );
  const config = "the config file (CONFIG_FILE; otherwise data/config.yaml, config.yaml)";
  return [
    "Flags of serve and config check:",
    "",
    ...tableLines([["  --config FILE", config], ...flags]),
    "",
    "Precedence: flags, environment, .env, config file, defaults.",
    ".env.example and config.example.yaml name every setting. No flag takes a key.",
  ].join("\n");
}
