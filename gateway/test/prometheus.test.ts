import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../cluster/free-port.ts";
import { chat, startTestGateway, until } from "./support/harness.ts";
import { chatChunk } from "./support/mock-upstream.ts";
import { promtoolIsMissing } from "./support/promtool.ts";

const docs = join(import.meta.dirname, "../../docs");

/** Prometheus with the configuration of docs/, which asks this gateway each second. */
async function startPrometheus(target: string): Promise<string> {
  const folder = mkdtempDisposableSync(join(tmpdir(), "prometheus-"));
  onTestFinished(() => folder.remove());
  const written = readFileSync(join(docs, "prometheus/prometheus.yml"), "utf8");
  const config = written.replace("gateway:8000", target).replaceAll("15s", "1s");
  expect(config).toContain(target);
  writeFileSync(join(folder.path, "prometheus.yml"), config);
  copyFileSync(join(docs, "prometheus/alerts.yml"), join(folder.path, "alerts.yml"));
  const address = `127.0.0.1:${await freePort(0, "127.0.0.1")}`;
  const process: ChildProcess = spawn(
    "prometheus",
    [
      `--config.file=${join(folder.path, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder.path, "tsdb")}`,
      `--web.listen-address=${address}`,
    ],
    { stdio: "ignore" },
  );
  onTestFinished(async () => {
    const ended = new Promise((resolve) => process.once("exit", resolve));
    process.kill("SIGKILL");
    await ended;
  });
  const isReady = () =>
    fetch(`http://${address}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until(isReady, "Prometheus is ready", 20_000);
  return `http://${address}`;
}

type Answer = { status: string; data: { result: unknown[]; resultType: string } };

type Panel = { title: string; targets?: { expr: string }[] };
const { panels } = JSON.parse(readFileSync(join(docs, "grafana/llm-gateway.json"), "utf8")) as {
  panels: Panel[];
};

/** What needs events that this test does not make. */
const empty = ["Time until a certificate ends", "Loads of models an hour, by upstream"];

test("a real Prometheus reads the gateway, and answers every panel of the dashboard", async () => {
  const missing = promtoolIsMissing();
  if (missing !== null) return console.warn(missing);
  await using gateway = await startTestGateway((_, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(chatChunk("Hello"));
    setTimeout(() => response.end("data: [DONE]\n\n"), 30);
  });
  const url = await startPrometheus(new URL(gateway.url).host);
  const query = async (expr: string): Promise<Answer> => {
    const text = expr.replaceAll("$__rate_interval", "30s").replaceAll("$instance", ".*");
    const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(text)}`);
    return (await answer.json()) as Answer;
  };
  const isAsked = async (): Promise<boolean> => {
    const { data } = await query("max_over_time(llm_gateway_responses_total[1m])");
    return data.result.length > 0;
  };
  // A rate needs two scrapes with a series.
  const ask = (user: string) =>
    gateway.post("/v1/chat/completions", chat({ stream: true }), { user }).then((it) => it.text());
  await Promise.all([ask("alice"), ask("bob")]);
  await gateway.post("/v1/chat/completions", "no JSON");
  await until(isAsked, "the first scrape", 20_000);
  await Promise.all([ask("alice"), ask("bob"), ask("carol")]);
  await until(
    async () => (await query("rate(llm_gateway_responses_total[30s])")).data.result.length > 0,
    "a rate",
    20_000,
  );
  const without: string[] = [];
  for (const { title, targets = [] } of panels) {
    for (const { expr } of targets) {
      const answer = await query(expr);
      expect(answer, expr).toMatchObject({ status: "success" });
      if (answer.data.result.length === 0) without.push(title);
    }
  }
  expect(without.filter((title) => !empty.includes(title))).toEqual([]);
  const alerts = (await (await fetch(`${url}/api/v1/rules`)).json()) as {
    data: { groups: { rules: { health: string; lastError?: string }[] }[] };
  };
  const rules = alerts.data.groups.flatMap((group) => group.rules);
  expect(rules).toHaveLength(11);
  expect(rules.filter(({ lastError }) => lastError)).toEqual([]);
});
