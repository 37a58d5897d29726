import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { runCommand } from "../test/support/run-command.ts";
import { config } from "./config.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "config-check-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

async function run(argv: string[], env: Record<string, string> = {}) {
  const { status, out, said } = await runCommand(config, argv, { env, cwd });
  return { status, out: linesOf(out), said: linesOf(said) };
}

const linesOf = (text: string): string[] => (text === "" ? [] : text.split("\n"));

test("config check names every setting with its value and where it came from", async () => {
  writeFileSync(join(cwd, ".env"), "MAX_QUEUE=5\n");
  writeFileSync(join(cwd, "config.yaml"), "idle_timeout: 1m\n");
  const env = { API_USER: "bob", BACKEND_URL: "http://box/v1" };
  const { status, out } = await run(["check", "--port", "81"], env);
  expect(status).toBe(0);
  expect(out).toContain("PORT=81  (--port)");
  expect(out).toContain("API_USER=bob  (environment)");
  expect(out).toContain("UPSTREAM_URL=http://box/v1  (environment, BACKEND_URL)");
  expect(out).toContain("MAX_QUEUE=5  (.env)");
  expect(out).toContain("IDLE_TIMEOUT=1m  (config.yaml)");
  expect(out).toContain("CONNECT_TIMEOUT=10s  (default)");
});

test("secrets are masked, in lines and in JSON", async () => {
  const env = { API_KEY: "made-up-secret", UPSTREAM_API_KEY: "made-up-secret" };
  const lines = await run(["check"], env);
  expect(lines.out).toContain("API_KEY=***  (environment)");
  const json = await run(["check", "--json"], env);
  const { settings } = JSON.parse(json.out.join("")) as { settings: Record<string, unknown> };
  expect(settings.API_KEY).toEqual({ value: "***", from: "environment", name: "API_KEY" });
  expect(settings.PORT).toEqual({ value: 8000, from: "default", name: "PORT" });
  expect([...lines.out, ...json.out].join()).not.toContain("made-up-secret");
});

test("its lines, put into .env, give the same settings", async () => {
  const first = await run(["check"], { MAX_BODY_BYTES: "1MiB", TOTAL_TIMEOUT: "1h" });
  writeFileSync(join(cwd, ".env"), first.out.map((line) => line.split("  (")[0]).join("\n"));
  const again = await run(["check"]);
  expect(again.status).toBe(0);
  const bare = (lines: string[]) => lines.map((line) => line.split("  (")[0]);
  expect(bare(again.out)).toEqual(bare(first.out));
});

test("sections are shown as they are and what they come to, without their keys", async () => {
  const yaml = `upstreams:
  gpu1: { url: http://box:8080, box: rack, key: made-up-secret }
routes:
  - { model: "qwen*", upstream: gpu1, as: qwen3, fallbacks: [openai] }
models: { qwen: { context_length: 5, price: { prompt: 0.1 } } }
middlewares: [{ name: ./mine.ts, pass: made-up-secret }]
`;
  writeFileSync(join(cwd, "config.yaml"), yaml);
  writeFileSync(join(cwd, "mine.ts"), "");
  const env = { OPENAI_TLS: "true", OPENAI_API_KEY: "made-up-secret" };
  const { status, out, said } = await run(["check"], env);
  expect(status, said.join()).toBe(0);
  expect(out).toContain(
    'UPSTREAMS={"gpu1":{"url":"http://box:8080","box":"rack","key":"***"}}  (config.yaml)',
  );
  expect(out).toContain("#   gpu1  http://box:8080  auto, 1 at once, key ***, box rack");
  expect(out).toContain("#   openai  https://api.openai.com  openai, 32 at once, key ***");
  expect(out).toContain("#   qwen* -> gpu1 as qwen3, else openai as qwen3");
  expect(out).toContain("#   gpt-* -> openai");
  const json = await run(["check", "--json"], env);
  const { settings } = JSON.parse(json.out.join("")) as { settings: Record<string, unknown> };
  expect(settings.UPSTREAMS).toMatchObject({
    value: [{ name: "gpu1", key: "***" }, { name: "openai" }],
  });
  expect([...out, ...json.out].join()).not.toContain("made-up-secret");
});

test("wrong settings are a line each and exit 1, secrets masked", async () => {
  const { status, out, said } = await run(["check"], { PORT: "x", API_KEY: "two made-up-secret" });
  expect(status).toBe(1);
  expect(out).toEqual([]);
  expect(said).toHaveLength(2);
  expect(said[0]).toMatch(/^llm-gateway: PORT=x \(environment\): must be/);
  expect(said.join()).not.toContain("made-up-secret");
});

test("another subcommand exits 2, none prints the help", async () => {
  const wrong = await run(["set"]);
  expect(wrong).toEqual({ status: 2, out: [], said: ["config: it takes one of check, schema"] });
  expect((await run(["check", "--nope"])).status).toBe(2);
  const help = await run([]);
  expect(help.status).toBe(0);
  expect(help.out.join()).toContain("config check");
  expect(help.out.join()).toContain("config schema");
});

test("config schema prints the committed schema", async () => {
  const { status, out } = await run(["schema"]);
  expect(status).toBe(0);
  const committed = join(import.meta.dirname, "../../config.schema.json");
  expect(`${out.join("\n")}\n`).toBe(readFileSync(committed, "utf8"));
});

test.each([
  ["limits: {defaults: {tokens: lots}}", "limits: defaults: tokens must be"],
  ["limits: {defaults: {tokenz: 5}}", "limits: defaults: has no member tokenz"],
  ["limits: {roles: {user: {tokens: lots}}}", "limits: roles: user: tokens must be"],
  ["limits: {defaults: {tokens: {max: 1, window: 500ms}}}", "tokens: window must be a time"],
  ["middlewares: [{name: rate_limit, tokens: lots}]", "middleware rate_limit: tokens must be"],
])("a start, config check and doctor refuse %s in the same one line", async (yaml, says) => {
  writeFileSync(join(cwd, "config.yaml"), yaml);
  const checked = await run(["check"]);
  expect(checked).toMatchObject({ status: 1, out: [] });
  expect(checked.said).toHaveLength(1);
  expect(checked.said[0]).toContain(says);
  const main = join(import.meta.dirname, "../main.ts");
  const options = { cwd, env: { PATH: process.env.PATH ?? "" }, encoding: "utf8" } as const;
  const started = spawnSync(process.execPath, [main], options);
  expect(started).toMatchObject({ status: 1, stdout: "" });
  expect(started.stderr.trimEnd().split("\n")).toEqual(checked.said);
  const examined = spawnSync(process.execPath, [main, "doctor", "--json"], options);
  expect(examined.status).toBe(1);
  const { findings } = JSON.parse(examined.stdout) as { findings: { says: string }[] };
  expect(findings.map((finding) => `llm-gateway: ${finding.says}`)).toEqual(checked.said);
});
