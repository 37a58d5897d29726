import { parseArgs } from "node:util";
import { type LoadedSettings, loadSettings } from "../settings/load-settings.ts";
import { SettingsError } from "../settings/settings-error.ts";
import { lineOf, ofProcess, type Surroundings } from "./backup/surroundings.ts";
import { checkLedger, checkUsers } from "./doctor/check-files.ts";
import { checkGateway } from "./doctor/check-gateway.ts";
import { checkPublic } from "./doctor/check-public.ts";
import { checkUpstreams } from "./doctor/check-upstream.ts";
import { type Finding, fail, ok, warn } from "./doctor/finding.ts";
import { probedUpstreams } from "./doctor/probed-upstreams.ts";
import { gatewayAddress } from "./gateway-address.ts";

const HELP = `doctor: is all well, and what to do where it is not

  doctor [--json] [--public https://llm.example.com] [--no-generate]

--public URL     looks at the gateway from outside too (also PUBLIC_URL)
--no-generate    does not have each upstream generate a few words, past the line
Exits with 0, with 1 where something does not work, with 2 for a wrong command line.`;

/**
 * `doctor`: gives 0, 1 where something does not work, 2 for a command line that cannot be meant.
 */
export async function doctor(
  argv: string[],
  surroundings: Surroundings = ofProcess(),
): Promise<number> {
  const { out, say } = surroundings;
  let values: { json?: boolean; help?: boolean; public?: string; "no-generate"?: boolean };
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        json: { type: "boolean" },
        help: { type: "boolean" },
        public: { type: "string" },
        "no-generate": { type: "boolean" },
      },
    }));
  } catch (error) {
    say(`doctor: ${lineOf(error)}`);
    return 2;
  }
  if (values.help) {
    out(HELP);
    return 0;
  }
  const publicUrl = values.public ?? (surroundings.env.PUBLIC_URL || null);
  const findings = await examine(surroundings, publicUrl, values["no-generate"] !== true);
  const isWell = findings.every(({ state }) => state !== "fail");
  if (values.json) out(JSON.stringify({ ok: isWell, findings }, null, 2));
  else for (const line of linesOf(findings)) out(line);
  return isWell ? 0 : 1;
}

async function examine(
  { env, cwd }: Surroundings,
  publicUrl: string | null,
  generates: boolean,
): Promise<Finding[]> {
  let loaded: LoadedSettings;
  try {
    loaded = loadSettings({ argv: [], env, cwd });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const todo = "Correct it; config check shows what is in force.";
    return error.faults.map((fault) => fail("settings", fault, todo));
  }
  const { settings, configFile, doubts } = loaded;
  const [gateway, upstream, tunnel] = await Promise.all([
    checkGateway(gatewayAddress(settings)),
    checkUpstreams(probedUpstreams(settings, env), {
      generates,
      // docker-compose.yml sets it.
      isContainer: (env.PUBLISHED_PORT ?? "") !== "",
      timeoutMs: 10_000,
    }),
    checkPublic(publicUrl),
  ]);
  return [
    ok("settings", configFile === null ? "right" : `right, with ${configFile}`),
    ...doubts.map((doubt) => warn("settings", doubt, "Correct it, or take it out.")),
    ...checkUsers(settings.usersFile, settings.apiKey !== null),
    ...checkLedger(settings.databaseFile),
    ...gateway,
    ...upstream,
    ...tunnel,
  ];
}

const marks: Readonly<Record<Finding["state"], string>> = {
  ok: "ok  ",
  warn: "WARN",
  fail: "FAIL",
  skip: "-   ",
};

function linesOf(findings: readonly Finding[]): string[] {
  const width = Math.max(10, ...findings.map(({ about }) => about.length));
  const lines = findings.flatMap(({ about, state, says, todo }) => {
    const line = `${marks[state]}  ${about.padEnd(width)} ${says}`;
    return todo === null ? [line] : [line, `${" ".repeat(width + 7)}-> ${todo}`];
  });
  const count = (state: Finding["state"]): number =>
    findings.filter((finding) => finding.state === state).length;
  const [failures, warnings] = [count("fail"), count("warn")];
  const verdict =
    failures > 0
      ? `${failures} of these do not work.`
      : warnings > 0
        ? `It works; ${warnings} to look at.`
        : "All is well.";
  return [...lines, "", verdict];
}
