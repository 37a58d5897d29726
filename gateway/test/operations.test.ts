import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSettings } from "../settings/load-settings.ts";
import { chat, startTestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

/** A gateway that is alone has none of them; `cluster-views.test.ts` sees them. */
const inCluster = [
  "llm_gateway_cluster_gateways",
  "llm_gateway_cluster_keeper",
  "llm_gateway_slots_unproved_total",
];

test("docs/operations.md names exactly the series of /metrics", async () => {
  await using gateway = await startTestGateway(politeChat);
  await (await gateway.post("/v1/chat/completions", chat())).text();
  const { text } = await ownRoutes(gateway.url).get("/metrics").expect(200);
  const served = [...text.matchAll(/^# TYPE (llm_gateway_\w+) /gm)].map(([, name]) => name);
  const docs = readFileSync(join(import.meta.dirname, "../../docs/operations.md"), "utf8");
  const named = new Set(docs.match(/\bllm_gateway_\w+/g));
  expect(served.length).toBeGreaterThan(15);
  expect([...named].sort()).toEqual([...new Set([...served, ...inCluster])].sort());
});

test("the gateway accepts the config.yaml of the README", () => {
  const readme = readFileSync(join(import.meta.dirname, "../../README.md"), "utf8");
  const [, yaml = ""] = /```yaml\n([\s\S]+?)```/.exec(readme) ?? [];
  expect(yaml).toContain("routes:");
  const cwd = mkdtempSync(join(tmpdir(), "llm-gateway-test-"));
  try {
    writeFileSync(join(cwd, "config.yaml"), yaml);
    expect(() => loadSettings({ argv: [], cwd, env: { ANTHROPIC_API_KEY: "sk-x" } })).not.toThrow();
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
});
