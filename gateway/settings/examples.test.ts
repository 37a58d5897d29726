import { mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { loadSettings } from "./load-settings.ts";
import { type Setting, yamlKey } from "./setting.ts";
import { allSettings, type Settings } from "./settings-table.ts";

const root = join(import.meta.dirname, "../..");
const table = allSettings;
/** It chooses the config file, so it is no setting of the table. */
const chooser = ["CONFIG_FILE", "data/config.yaml"];

/** Name and value of every commented-out setting; a line of prose begins with "# ". */
function examplesIn(file: string, line: RegExp): [string, string][] {
  const found = readFileSync(join(root, file), "utf8").matchAll(line);
  return [...found].map(([, name = "", value = ""]) => [name, value]);
}

/**
 * The default; where that says too little, the example; of a secret, or a section below, nothing.
 */
function wanted(file: string, setting: Setting): string {
  if (setting.secret || (setting.section !== undefined && file !== ".env.example")) return "";
  const isBare = setting.default === "" || setting.env === "METRICS_PORT";
  return isBare ? (setting.example ?? "") : setting.default;
}

const byName = (a: string[], b: string[]): number => (a[0] ?? "").localeCompare(b[0] ?? "");

describe.each([
  [".env.example", /^#([A-Z_]+)=(.*)$/gm, (setting: Setting) => setting.env],
  ["config.example.yaml", /^#([a-z_]+):(?: (.*))?$/gm, yamlKey],
] as const)("%s", (file, line, nameOf) => {
  test("names every setting and no other, each at its default", () => {
    const isEnv = file === ".env.example";
    const settings = table
      .filter(([, setting]) => isEnv || !setting.environmentOnly)
      .map(([, setting]) => [nameOf(setting), wanted(file, setting)]);
    const all = isEnv ? [chooser, ...settings] : settings;
    expect(examplesIn(file, line).sort(byName)).toEqual(all.sort(byName));
  });

  test("sets nothing until something is uncommented", () => {
    const lines = readFileSync(join(root, file), "utf8").split("\n");
    expect(lines.filter((one) => one !== "" && !one.startsWith("#"))).toEqual([]);
  });

  test("explains every setting in one or two lines", () => {
    const text = readFileSync(join(root, file), "utf8");
    for (const [name] of examplesIn(file, line)) {
      const above =
        text
          .slice(0, text.indexOf(`\n#${name}`))
          .split("\n\n")
          .at(-1) ?? "";
      expect(above.split("\n").length, name).toBeLessThanOrEqual(2);
      expect(above, name).toMatch(/^# [A-Z]/);
    }
  });
});

/** A line of prose begins with one blank, one inside a section with two. */
const uncommented = (file: string): string =>
  readFileSync(join(root, file), "utf8").replaceAll(/^#(?! \S)/gm, "");

function load(files: Record<string, string>, env: Record<string, string> = {}): Settings {
  const { path: cwd, remove } = mkdtempDisposableSync(join(tmpdir(), "examples-"));
  try {
    mkdirSync(join(cwd, "data"));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(cwd, file), text);
    return loadSettings({ argv: [], env, cwd }).settings;
  } finally {
    remove();
  }
}

const shownExamples = {
  host: "127.0.0.1",
  metricsPort: 9090,
  upstreamUrl: "http://127.0.0.1:8080",
  upstreamCa: "data/ca.pem",
  upstreamCertificate: "data/gateway.pem",
  upstreamCertificateKey: "data/gateway.key",
  modelId: "qwen3-32b",
  otelResource: { "deployment.environment": "home" },
  pricePerPromptToken: 0.000008,
  pricePerCompletionToken: 0.000008,
  defaultMaxTokens: 8192,
};

test(".env.example loads uncommented: each provider where it usually is", () => {
  const settings = load(
    { ".env": uncommented(".env.example"), "empty.yaml": "" },
    { CONFIG_FILE: "empty.yaml" },
  );
  const { upstreams, routes, ...others } = settings;
  const isOfProvider = (name: string) => /^(openai|google|anthropic|ollama)/.test(name);
  const { upstreams: _, routes: __, ...defaults } = load({});
  const scalars = Object.entries(others).filter(([name]) => !isOfProvider(name));
  const usual = Object.entries(defaults).filter(([name]) => !isOfProvider(name));
  expect(Object.fromEntries(scalars)).toEqual({ ...Object.fromEntries(usual), ...shownExamples });
  expect(upstreams.map(({ name, url }) => [name, url])).toEqual([
    ["openai", "https://api.openai.com"],
    ["google", "https://generativelanguage.googleapis.com"],
    ["anthropic", "https://api.anthropic.com"],
    ["ollama", "http://localhost:11434"],
  ]);
  expect(routes.length).toBeGreaterThan(5);
});

test("config.example.yaml loads uncommented, its sections included", () => {
  const pem = { "data/ca.pem": "", "data/gateway.pem": "", "data/gateway.key": "" };
  const files = { "config.yaml": uncommented("config.example.yaml"), ...pem };
  const settings = load(files, { OPENAI_API_KEY: "made-up" });
  const { upstreams, routes, models, middlewares, limits } = settings;
  const openaiApiKey = "made-up";
  const sections = { upstreams, routes, models, middlewares, limits };
  expect(settings).toEqual({ ...load({}), ...shownExamples, ...sections, openaiApiKey });
  expect(upstreams.map(({ name }) => name)).toEqual(["gpu1", "gpu2", "voice", "cloud", "inside"]);
  // The first shows what holds for all that say nothing.
  expect({ ...upstreams[1], name: "gpu1", url: upstreams[0]?.url, box: null }).toEqual(
    upstreams[0],
  );
  expect(upstreams[3]).toMatchObject({ key: "made-up", maxConcurrent: 8 });
  expect(routes.map(({ model }) => model)).toEqual(["qwen*", "fast", "gpt-4*", "gpt-5*", "*"]);
  expect(models).toHaveLength(2);
  expect(limits.defaults.fields.upstream_seconds).toEqual({
    max: 1800,
    windowMs: 21_600_000,
    mode: null,
  });
  expect(limits.roles.user).toMatchObject({ windowMs: 86_400_000, mode: "slow" });
  expect(limits.roles.admin?.fields.cost_per_month?.max).toBeNull();
  expect(middlewares.map(({ name }) => name)).toEqual(["auth", "rate_limit", "trace"]);
  const [bare] = load({ "config.yaml": "middlewares: [trace]" }).middlewares;
  expect(middlewares[2]).toEqual(bare);
});
