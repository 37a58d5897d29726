import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempDisposableSync,
  readFileSync,
  rmSync,
  statfsSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { chat, newTestKey, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { elect, type TestOthers, testOthers } from "./support/other-gateways.ts";
import { ownRoutes } from "./support/own-routes.ts";
import { otherAlertsThan, promtool, promtoolIsMissing, type Scrape } from "./support/promtool.ts";
import { createTestAuthority } from "./support/test-authority.ts";

const docs = join(import.meta.dirname, "../../docs");
const alerts = join(docs, "prometheus/alerts.yml");
type Rule = { alert: string; expr: string };
const rules: readonly Rule[] = parse(readFileSync(alerts, "utf8")).groups[0].rules;

type Panel = { title: string; targets?: { expr: string }[]; panels?: Panel[] };
const dashboard = JSON.parse(readFileSync(join(docs, "grafana/llm-gateway.json"), "utf8")) as {
  panels: Panel[];
};
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

const missing = promtoolIsMissing();
if (missing !== null) console.warn(missing);

async function scrape({ url }: TestGateway): Promise<Exclude<Scrape, null>> {
  const { text } = await ownRoutes(url).get("/metrics").expect(200);
  return { text, at: Date.now() };
}

/** The clock of the process, and what was added to it. */
const realNow = performance.now.bind(performance);
const later = (ms: number): void => {
  performance.now = () => realNow() + ms;
};
afterEach(() => {
  performance.now = realNow;
});

/** A gateway with a backup of today: the alert about backups does not fire. */
async function keptGateway(...given: Parameters<typeof startTestGateway>): Promise<TestGateway> {
  const gateway = await startTestGateway(...given);
  onTestFinished(() => gateway.stop());
  mkdirSync(join(gateway.dir, "backups"));
  writeFileSync(join(gateway.dir, "backups", "daily-20261121-040000.tar.gz"), "");
  return gateway;
}

/** What a gateway knows of a cluster in which it keeps the queue. */
async function clusterOfOne(): Promise<TestOthers> {
  const others = await testOthers();
  onTestFinished(others.close);
  elect(others, []);
  return others;
}

/** Fails unless exactly these alerts fire over a gateway in this state. */
async function expectAlerts(expected: readonly string[], state: Scrape): Promise<void> {
  if (missing === null) expect(otherAlertsThan(expected, alerts, state)).toBeNull();
}

const covered = new Set<string>();
/** A test of one alert. */
function alertTest(name: string, what: string, body: () => Promise<Scrape>): void {
  covered.add(name);
  test(`${name} fires, and no other: ${what}`, async () => {
    await expectAlerts([name], await body());
  });
}

test("alerts and dashboard name only series that a gateway has", async () => {
  const gateway = await keptGateway(politeChat, {}, undefined, await clusterOfOne());
  const { text } = await scrape(gateway);
  const served = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name));
  const named = [...rules.map(({ expr }) => expr), ...expressions].flatMap(
    (expr) => expr.match(/\b(?:llm_gateway|process|nodejs)_\w+/g) ?? [],
  );
  expect(new Set(named).size).toBeGreaterThan(30);
  const unknown = named.filter((name) => !served.has(name.replace(/_bucket$/, "")));
  expect(unknown).toEqual([]);
});

test("the dashboard shows every series of the gateway that is not a part of another one", async () => {
  const gateway = await keptGateway(politeChat);
  const { text } = await scrape(gateway);
  const served = [...text.matchAll(/^# TYPE (llm_gateway_\w+) /gm)].map(([, name]) => name ?? "");
  const shown = expressions.join(" ");
  // Told by priority or by model in the dashboard; by pool there is the number of waiting requests.
  const parts = ["queue_wait_seconds", "request_duration_seconds", "first_place"];
  const others = ["pool_active", "pool_slots"];
  const known = [...parts, ...others].map((name) => `llm_gateway_${name}`);
  const left = served.filter((name) => !new RegExp(`\\b${name}(_bucket)?\\b`).test(shown));
  expect(left.sort()).toEqual(known.sort());
});

test("promtool finds alerts, configuration and the expressions of the dashboard valid", () => {
  if (missing !== null) return;
  expect(promtool(["check", "rules", alerts])).toMatchObject({ status: 0 });
  const config = join(docs, "prometheus/prometheus.yml");
  expect(promtool(["check", "config", config])).toMatchObject({ status: 0 });
  using folder = mkdtempDisposableSync(join(tmpdir(), "dashboard-"));
  const file = join(folder.path, "rules.yml");
  const asRules = expressions.map((expr, n) => ({
    record: `panel:${n}`,
    // Grafana fills these in.
    expr: expr.replaceAll("$__rate_interval", "1m").replaceAll("$instance", ".*"),
  }));
  writeFileSync(file, JSON.stringify({ groups: [{ name: "dashboard", rules: asRules }] }));
  const { status, said } = promtool(["check", "rules", file]);
  expect(said).not.toMatch(/FAILED|error/);
  expect(status).toBe(0);
});

test("no alert fires over a gateway that is well", async () => {
  const gateway = await keptGateway(politeChat);
  for (let n = 0; n < 3; n++) await (await gateway.post("/v1/chat/completions", chat())).text();
  await expectAlerts([], await scrape(gateway));
});

alertTest("LlmGatewayDown", "the gateway does not answer", async () => null);

alertTest("LlmGatewayUpstreamDown", "its upstream breaks every connection", async () => {
  const gateway = await keptGateway((_, response) => void response.destroy());
  for (let n = 0; n < 3; n++) await (await gateway.post("/v1/chat/completions", chat())).text();
  return await scrape(gateway);
});

/** A gateway with one request that runs and one that waits. */
async function busyGateway() {
  const upstream = holding();
  const gateway = await keptGateway(upstream.handler);
  onTestFinished(upstream.releaseAll);
  const ask = async (user: string, fields = {}): Promise<void> => {
    const answer = await gateway.post("/v1/chat/completions", chat(fields), { user });
    await answer.text();
  };
  return { gateway, upstream, ask };
}

alertTest("LlmGatewayNoKeeper", "the gateways know of none", async () => {
  const others = await clusterOfOne();
  const gateway = await keptGateway(politeChat, {}, undefined, others);
  await expectAlerts([], await scrape(gateway));
  others.state = { ...others.state, role: "none" };
  return await scrape(gateway);
});

alertTest("LlmGatewayOldestWait", "a request has waited for eleven minutes", async () => {
  const { gateway, upstream, ask } = await busyGateway();
  const asked = [ask("alice")];
  await inLine(gateway, { active: 1, waiting: 0 });
  asked.push(ask("bob"));
  await inLine(gateway, { active: 1, waiting: 1 });
  await expectAlerts([], await scrape(gateway));
  later(660_000);
  const state = await scrape(gateway);
  performance.now = realNow;
  upstream.releaseAll();
  await Promise.all(asked);
  return state;
});

alertTest("LlmGatewaySlotNotFreed", "the upstream goes on for a client that left", async () => {
  const upstream = holding();
  const gateway = await keptGateway(upstream.handler, { UPSTREAM_TYPE: "llamacpp" });
  const leaving = new AbortController();
  // With log probabilities it cannot run as a stream, which the upstream would notice the end of.
  const left = gateway.post("/v1/chat/completions", chat({ logprobs: true }), {
    signal: leaving.signal,
  });
  await inLine(gateway, { active: 1, waiting: 0 });
  leaving.abort();
  await left.catch(() => {});
  await until(
    async () => /slot_held_after_leaving_seconds 0\.\d/.test((await scrape(gateway)).text),
    "it left",
  );
  later(8_000);
  const state = await scrape(gateway);
  performance.now = realNow;
  upstream.releaseAll();
  await inLine(gateway, { active: 0, waiting: 0 });
  return state;
});

alertTest("LlmGatewayEstimatesOff", "waits are longer than people were told", async () => {
  const { gateway, upstream, ask } = await busyGateway();
  let next = 0;
  const run = async (meanwhile = async () => {}): Promise<void> => {
    const asked = [ask("alice")];
    await inLine(gateway, { active: 1, waiting: 0 });
    asked.push(ask("bob"));
    await inLine(gateway, { active: 1, waiting: 1 });
    await meanwhile();
    await upstream.release(next++);
    await upstream.release(next++);
    await Promise.all(asked);
  };
  for (let n = 0; n < 4; n++) await run();
  for (let n = 1; n <= 8; n++) await run(async () => later(n * 60_000));
  const state = await scrape(gateway);
  expect(state.text).toMatch(/queue_range_coverage 0\.\d/);
  return state;
});

alertTest("LlmGatewayLedgerSpool", "the ledger's file cannot be written", async () => {
  const gateway = await keptGateway(politeChat);
  const lock = new Database(join(gateway.dir, "gateway.db"));
  lock.exec("BEGIN IMMEDIATE");
  await (await gateway.post("/v1/chat/completions", chat())).text();
  await until(async () => /ledger_spooled [1-9]/.test((await scrape(gateway)).text), "it waits");
  const state = await scrape(gateway);
  lock.close();
  return state;
});

alertTest("LlmGatewayNoBackup", "there has never been one", async () => {
  const gateway = await startTestGateway(politeChat);
  onTestFinished(() => gateway.stop());
  return await scrape(gateway);
});

alertTest("LlmGatewayNoBackup", "the last one is three days old", async () => {
  const gateway = await keptGateway(politeChat);
  const old = Date.now() / 1000 - 3 * 86_400;
  utimesSync(join(gateway.dir, "backups", "daily-20261121-040000.tar.gz"), old, old);
  return await scrape(gateway);
});

alertTest("LlmGatewayKeyExpires", "a key ends tomorrow", async () => {
  const gateway = await keptGateway(politeChat);
  const expires = new Date(Date.now() + 86_400_000).toISOString();
  writeFileSync(gateway.usersFile, JSON.stringify({ [newTestKey()]: { user: "erin", expires } }));
  return await scrape(gateway);
});

alertTest(
  "LlmGatewayCertificateExpires",
  "the upstream's certificate ends in five days",
  async () => {
    const authority = createTestAuthority("Test authority");
    const until = new Date(Date.now() + 5 * 86_400_000);
    const server = createServer(
      authority.issue({ addresses: ["127.0.0.1"], until }),
      (_, response) =>
        response.setHeader("content-type", "application/json").end('{"object":"list","data":[]}'),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    using folder = mkdtempDisposableSync(join(tmpdir(), "authority-"));
    const ca = join(folder.path, "ca.pem");
    writeFileSync(ca, authority.ca);
    const gateway = await keptGateway(politeChat, {
      ...{ UPSTREAM_URL: `https://127.0.0.1:${port}`, UPSTREAM_CA: ca },
    });
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    expect((await fetch(`${gateway.url}/v1/models`, { headers })).status).toBe(200);
    return await scrape(gateway);
  },
);

/** A disk of 16 MiB, or why there can be none. */
function smallDisk(path: string): string | null {
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "tmpfs", path], { stdio: "pipe" });
    onTestFinished(() => void execFileSync("umount", [path]));
    return null;
  } catch (error) {
    return `not run: a disk that is full: no file system can be mounted here (${error instanceof Error ? error.message.split("\n", 1)[0] : error})`;
  }
}

covered.add("LlmGatewayDiskFull");
test("LlmGatewayDiskFull fires, and no other: 4 % of the disk are free", async () => {
  const folder = mkdtempDisposableSync(join(tmpdir(), "disk-"));
  onTestFinished(() => folder.remove());
  const why = smallDisk(folder.path);
  if (why !== null) return console.warn(why);
  const gateway = await startTestGateway(politeChat, {
    DATABASE_FILE: join(folder.path, "gateway.db"),
  });
  onTestFinished(() => gateway.stop());
  mkdirSync(join(folder.path, "backups"));
  writeFileSync(join(folder.path, "backups", "daily-20261121-040000.tar.gz"), "");
  await expectAlerts([], await scrape(gateway));
  const { bavail, bsize } = statfsSync(folder.path);
  writeFileSync(join(folder.path, "filler"), Buffer.alloc(bavail * bsize - 640 * 1024));
  await expectAlerts(["LlmGatewayDiskFull"], await scrape(gateway));
  rmSync(join(folder.path, "filler"));
  await expectAlerts([], await scrape(gateway));
});

test("each alert has a test that makes it fire", () => {
  expect([...covered].sort()).toEqual(rules.map(({ alert }) => alert).sort());
});

test("a wrong expectation of an alert is noticed", async () => {
  if (missing !== null) return;
  expect(otherAlertsThan([], alerts, null)).toContain("LlmGatewayDown");
  expect(otherAlertsThan(["LlmGatewayOldestWait"], alerts, null)).toContain("LlmGatewayDown");
});
