import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type LoadedSettings, loadSettings } from "./load-settings.ts";
import { SettingsError } from "./settings-error.ts";

let cwd = "";
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), "routing-"));
});
afterEach(() => rmSync(cwd, { recursive: true }));

function load(yaml: string, env: Record<string, string> = {}): LoadedSettings {
  writeFileSync(join(cwd, "config.yaml"), yaml);
  return loadSettings({ argv: [], env, cwd });
}

function faultsOf(yaml: string, env: Record<string, string> = {}): readonly string[] {
  try {
    load(yaml, env);
  } catch (error) {
    if (error instanceof SettingsError) return error.faults;
    throw error;
  }
  return [];
}

const target = (upstream: string, model: string | null = null) => ({ upstream, model });

describe("upstreams", () => {
  test("a URL is enough; all else is as for UPSTREAM_URL", () => {
    const { settings } = load("max_concurrent: 3\nupstreams: {gpu1: http://box:8080/v1/}\n");
    expect(settings.upstreams).toEqual([
      {
        api: "auto",
        name: "gpu1",
        url: "http://box:8080",
        type: "auto",
        key: null,
        passthrough: false,
        maxConcurrent: 3,
        weight: 1,
        drain: false,
        exclusiveModels: false,
        streamUsage: "auto",
        storedResponses: false,
        box: null,
        ca: null,
        certificate: null,
        certificateKey: null,
      },
    ]);
  });

  test("a key stands there, or comes from the environment or .env; a missing one is named", () => {
    const yaml = [
      "upstreams:",
      "  a: { url: http://a, key: sk-made-up }",
      `  b: { url: http://b, key: "\${B_KEY}" }`,
      `  c: { url: http://c, key: "\${C_KEY}" }`,
    ].join("\n");
    writeFileSync(join(cwd, ".env"), "C_KEY=of-c\n");
    const { upstreams } = load(yaml, { B_KEY: "of-b" }).settings;
    expect(upstreams.map(({ key }) => key)).toEqual(["sk-made-up", "of-b", "of-c"]);
    expect(faultsOf(yaml)).toEqual([
      "config.yaml line 3, column 28: upstream b: key: the variable B_KEY is not set",
    ]);
  });

  test("a variable needs no quotes inside braces, and moves no fault", () => {
    const yaml = `upstreams: {a: {url: http://a, key: \${A_KEY}, weight: 0}}`;
    expect(faultsOf(yaml, { A_KEY: "of-a" })[0]).toMatch(/line 1, column 55: upstream a: weight/);
    const { upstreams } = load(yaml.replace("0", "1"), { A_KEY: "of-a" }).settings;
    expect(upstreams[0]?.key).toBe("of-a");
  });

  test("other secrets of the file may name a variable too", () => {
    const yaml = `upstream_api_key: "\${BOX_KEY}"\n`;
    expect(load(yaml, { BOX_KEY: "of-box" }).settings.upstreamApiKey).toBe("of-box");
    expect(faultsOf(yaml)[0]).toMatch(/line 1, column 19.*the variable BOX_KEY is not set/);
  });

  test("clouds take 32 at once unless told otherwise", () => {
    const { settings } = load(
      "upstreams: {a: {url: https://a, type: anthropic}, g: {url: https://g, type: google, max_concurrent: auto}}",
    );
    expect(settings.upstreams.map(({ maxConcurrent }) => maxConcurrent)).toEqual([32, "auto"]);
  });

  test("are deeply frozen", () => {
    const { upstreams, routes } = load(
      "upstreams: {a: http://a}\nroutes: [{model: x, upstream: a}]",
    ).settings;
    expect([upstreams, upstreams[0], routes[0]?.upstreams[0]].every(Object.isFrozen)).toBe(true);
  });
});

describe("routes", () => {
  test("take names, globs, aliases, several upstreams and fallbacks", () => {
    const { settings } = load(
      [
        "upstreams: { gpu1: http://a, gpu2: http://b, cloud: { url: https://c, type: openai } }",
        "routes:",
        "  - { model: qwen, upstreams: [gpu1, { name: gpu2, model: qwen3 }], fallbacks: cloud }",
        "  - { model: fast, upstream: gpu1, as: llama-3, fallbacks: [{ name: cloud, model: gpt }] }",
        '  - { model: ["gpt-*", "o1"], upstream: cloud }',
        '  - { model: "*", upstream: gpu1 }',
      ].join("\n"),
    );
    expect(settings.routes).toEqual([
      {
        model: "qwen",
        upstreams: [target("gpu1"), target("gpu2", "qwen3")],
        fallbacks: [target("cloud")],
      },
      {
        model: "fast",
        upstreams: [target("gpu1", "llama-3")],
        fallbacks: [target("cloud", "gpt")],
      },
      { model: "gpt-*", upstreams: [target("cloud")], fallbacks: [] },
      { model: "o1", upstreams: [target("cloud")], fallbacks: [] },
      { model: "*", upstreams: [target("gpu1")], fallbacks: [] },
    ]);
  });
});

test("the upstream of UPSTREAM_URL is called default in routes, where it is set", () => {
  const yaml = "upstreams: {far: http://far}\nroutes: [{model: x, upstreams: [default, far]}]";
  const { routes } = load(yaml, { UPSTREAM_URL: "http://box" }).settings;
  expect(routes[0]?.upstreams).toEqual([target("default"), target("far")]);
  expect(faultsOf(yaml)[0]).toMatch(
    /column 33: route 1: there is no upstream default; there are far$/,
  );
  expect(faultsOf("upstreams: {default: http://far}")[0]).toContain("give this one another name");
});

test("models have contexts, prices and names", () => {
  const yaml = `models:
  qwen: { context_length: 32768, max_concurrent: 2, name: Qwen, price: { prompt: 1e-6, gpu_second: 0.0001 } }
  "*": { price: { completion: 0.000002, cached: 0 } }`;
  expect(load(yaml).settings.models).toMatchObject([
    {
      model: "qwen",
      name: "Qwen",
      description: null,
      contextLength: 32_768,
      maxOutput: null,
      maxConcurrent: 2,
      price: { input: 1e-6, cached: null, output: 0, second: 0.0001 },
    },
    { model: "*", price: { input: 0, cached: 0, output: 0.000002, second: 0 } },
  ]);
});

test("middlewares are names with options, files, and auth: none in so many words", () => {
  writeFileSync(join(cwd, "mine.ts"), "");
  const yaml = `middlewares:
  - auth: none
  - { name: rate_limit, requests: 5, tokens: null }
  - { name: trace, max_files: off, max_age: 1h }
  - { name: ./mine.ts, greeting: hello }`;
  const limit = (max: number | null) => ({ max, windowMs: null, mode: null });
  const limits = { requests: limit(5), tokens: limit(null) };
  expect(load(yaml).settings.middlewares).toEqual([
    { name: "auth", options: { mode: "none" } },
    { name: "rate_limit", options: { windowMs: null, mode: null, fields: limits } },
    {
      name: "trace",
      options: { directory: "data/traces", maxFiles: null, maxAgeMs: 3_600_000, maxBytes: 2 ** 30 },
    },
    { name: "./mine.ts", options: { greeting: "hello" } },
  ]);
  expect(load("middlewares: [auth, trace]").settings.middlewares[0]).toEqual({
    name: "auth",
    options: { mode: "required" },
  });
});

test("auth: passthrough needs auth: none, or the gateway's own keys would go upstream", () => {
  const open = "upstreams: {a: {url: http://a, auth: passthrough}}\n";
  expect(faultsOf(open)).toEqual([
    'config.yaml line 1, column 38: upstream a: auth: passthrough needs "- auth: none" among the middlewares',
  ]);
  expect(load(`${open}middlewares: [auth: none]\n`).settings.upstreams[0]?.passthrough).toBe(true);
  expect(faultsOf(open.replace("auth", "key: x, auth"))).toHaveLength(2);
});

describe("as JSON in the environment", () => {
  test("sections are the same, in place of the file's", () => {
    const env = {
      UPSTREAMS: '{"a": {"url": "http://a", "type": "vllm"}}',
      ROUTES: '[{"model": "x*", "upstream": "a"}]',
      MODELS: '{"x": {"context_length": 5}}',
      MIDDLEWARES: '["trace"]',
    };
    const { settings, sources } = load("upstreams: {b: http://b}", env);
    expect(settings.upstreams.map(({ name }) => name)).toEqual(["a"]);
    expect([settings.routes, settings.models, settings.middlewares].map((s) => s.length)).toEqual([
      1, 1, 1,
    ]);
    expect(sources.upstreams.from).toBe("environment");
    expect(load("upstreams: {b: http://b}", { UPSTREAMS: "off" }).settings.upstreams).toEqual([]);
  });

  test("faults have their column; what is no JSON is one line", () => {
    expect(faultsOf("", { ROUTES: '[{"model": "x", "upstream": "b"}]' })).toEqual([
      "ROUTES (environment) line 1, column 29: route 1: there is no upstream b; upstreams names none",
    ]);
    expect(faultsOf("", { UPSTREAMS: '{"a": ' })).toHaveLength(1);
  });

  test("sources show no key", () => {
    const secret = "sk-made-up-secret";
    const inEnv = load("", { UPSTREAMS: `{"a": {"url": "http://a", "key": "${secret}"}}` });
    writeFileSync(join(cwd, "mine.ts"), "");
    const inFile = load(
      `upstreams: {a: {url: http://a, key: ${secret}}}\nmiddlewares: [{name: ./mine.ts, pass: ${secret}}]`,
    );
    expect(JSON.stringify([inEnv.sources, inFile.sources])).not.toContain(secret);
    expect(inFile.sources.upstreams.text).toBe('{"a":{"url":"http://a","key":"***"}}');
    const named = load(`upstreams: {a: {url: http://a, key: "\${A_KEY}"}}`, { A_KEY: secret });
    expect(named.sources.upstreams.text).toContain(`\${A_KEY}`);
  });
});
