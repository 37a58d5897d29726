import { type LoadedSettings, loadSettings } from "../settings/load-settings.ts";
import { readEnvFile } from "../settings/read-env-file.ts";
import { SettingsError } from "../settings/settings-error.ts";
import { differentSettings, settingsReport } from "../settings/settings-report.ts";
import type { Settings } from "../settings/settings-table.ts";
import { counted, type Finding, fail, ok, warn } from "../upstreams/inspect/finding.ts";
import { askGateway } from "./ask-gateway.ts";
import { checkLedger, checkSecrets, checkUsers } from "./doctor/check-files.ts";
import { checkGateway } from "./doctor/check-gateway.ts";
import { checkLimits } from "./doctor/check-limits.ts";
import { checkNotices } from "./doctor/check-notices.ts";
import { checkPublic, checkPublicPort } from "./doctor/check-public.ts";
import { checkByGateway } from "./doctor/check-running.ts";
import { checkUpstreams } from "./doctor/check-upstream.ts";
import { probedUpstreams } from "./doctor/probed-upstreams.ts";
import { type Command, command } from "./frame/command.ts";
import type { Surroundings } from "./frame/surroundings.ts";

/** `doctor`: finds what does not work, and says what to do. */
export const doctor: Command = command({
  name: "doctor",
  summary: "finds what does not work, and says what to do",
  operands: [],
  options: {
    json: { type: "boolean", about: "prints JSON" },
    public: {
      type: "string",
      value: "URL",
      about: "checks the gateway from outside too (also PUBLIC_URL)",
    },
    "no-generate": { type: "boolean", about: "sends no short chat to the upstreams" },
    notify: { type: "boolean", about: "sends a trial to NOTIFY_URL" },
  },
  notes: "The exit status is 0; 1 if something does not work; 2 for a wrong command line.",
  async run({ values }, surroundings) {
    const { out, env } = surroundings;
    const told = env.PUBLIC_URL === "off" ? null : env.PUBLIC_URL || null;
    const publicUrl = values.public ?? told;
    const found = await examine(surroundings, {
      publicUrl,
      generates: values["no-generate"] !== true,
      notifies: values.notify === true,
    });
    const findings = found.map((finding) => withShortPaths(finding, surroundings.cwd));
    const isWell = findings.every(({ state }) => state !== "fail");
    if (values.json) out(JSON.stringify({ ok: isWell, findings }, null, 2));
    else for (const line of linesOf(findings)) out(line);
    return isWell ? 0 : 1;
  },
});

type Asked = { publicUrl: string | null; generates: boolean; notifies: boolean };

async function examine(
  { env, cwd }: Surroundings,
  { publicUrl, generates, notifies }: Asked,
): Promise<Finding[]> {
  let loaded: LoadedSettings;
  try {
    loaded = loadSettings({ argv: [], env, cwd });
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    const todo = "Correct it. `config check` shows all settings.";
    return error.faults.map((fault) => fail("settings", fault, todo));
  }
  const { settings, configFile, doubts } = loaded;
  const { url, report } = await askGateway(settings, { env, cwd });
  const others = report === null ? [] : differentSettings(settingsReport(loaded), report);
  // docker-compose.yml sets it.
  const publishedPort = env.PUBLISHED_PORT || null;
  const isContainer = publishedPort !== null;
  const probing = { generates, isContainer, timeoutMs: 10_000 };
  const [cluster, gateway, upstream, tunnel, notices] = await Promise.all([
    clusterOf(settings),
    checkGateway(url, publishedPort),
    others.length > 0
      ? checkByGateway(url, others)
      : checkUpstreams(probedUpstreams(settings, env), probing),
    checkPublic(publicUrl),
    checkNotices(settings, notifies),
  ]);
  return [
    ok("settings", configFile === null ? "They are right." : `They are right, with ${configFile}.`),
    ...doubts.map((doubt) => warn("settings", doubt, "Correct or remove it.")),
    ...checkUsers(settings.usersFile, settings.apiKey !== null, Object.keys(settings.limits.roles)),
    ...checkSecrets(settings.usersFile, { ...readEnvFile(cwd), ...env }),
    ...(await checkLedger(settings.databaseFile, settings.databaseUrl)),
    ...checkLimits(loaded),
    ...cluster,
    ...gateway,
    ...upstream,
    ...checkPublicPort(settings.publicPort, settings.publicHost, isContainer),
    ...tunnel,
    ...notices,
  ];
}

/** Nothing is loaded for a gateway that is alone. */
async function clusterOf({ clusterSecret, databaseUrl }: Settings): Promise<Finding[]> {
  if (clusterSecret === null || databaseUrl === null) return [];
  const { checkCluster } = await import("./doctor/check-cluster.ts");
  return await checkCluster(databaseUrl);
}

/** Paths inside the working directory become relative: in a container it is another one than outside. */
function withShortPaths(finding: Finding, cwd: string): Finding {
  const short = (text: string): string => text.replaceAll(`${cwd}/`, "");
  const { says, todo } = finding;
  return { ...finding, says: short(says), todo: todo === null ? null : short(todo) };
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
  const seen = `${counted(failures, "failure")}, ${counted(warnings, "warning")}.`;
  if (failures > 0) return [...lines, "", seen];
  // Only a gateway that runs can be said to work.
  const runs = findings.some(({ about, state }) => about === "gateway" && state !== "skip");
  if (!runs) return [...lines, "", `The gateway does not run. ${seen}`];
  const verdict = warnings > 0 ? `It works, with ${counted(warnings, "warning")}.` : "All is well.";
  return [...lines, "", verdict];
}
