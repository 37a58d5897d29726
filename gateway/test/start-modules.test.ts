import { globSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { chat } from "./support/harness.ts";
import { startMockUpstream } from "./support/mock-upstream.ts";
import { newDirectory, remove, spawnGateway } from "./support/spawned-gateway.ts";

/** Writes the URL of each module that is loaded, a line for each. */
const recorder = `
import { registerHooks } from "node:module";
import { appendFileSync } from "node:fs";
registerHooks({
  load(url, context, next) {
    appendFileSync(process.env.LOADED_MODULES, url + "\\n");
    return next(url, context);
  },
});
`;

/** What some people use, each with modules that only it loads. */
const unused: [string, RegExp][] = [
  [
    "the page and its packages",
    /\/page\/(?!page\.ts)|node_modules\/(preact|htm|helmet|lean-qr|@preact)\//,
  ],
  [
    "changes of users, and invites",
    /\/api\/(users|invites|fairness|change-users)\.ts|\/users\/(invites|people)\.ts/,
  ],
  [
    "conversions",
    /-translator\.ts|\/hub\/(?!answer-id\.ts)|forward-converted|node_modules\/@ai-sdk\//,
  ],
  ["the description of the API", /\/openapi\/(?!docs\.ts|came-to\.ts)|node_modules\/zod\//],
  ["the embedded backend", /\/gateway\/echo\//],
  ["several gateways", /\/cluster\/|node_modules\/pg\//],
  ["tokens and their tables", /node_modules\/gpt-tokenizer\//],
  ["JWTs", /node_modules\/jose\//],
  ["a config file", /node_modules\/yaml\//],
  ["the transparent proxy", /node_modules\/http-proxy/],
  ["log lines for a person", /node_modules\/pino-pretty\//],
  ["notices", /\/telemetry\/notices\//],
  ["OpenTelemetry", /node_modules\/@opentelemetry\/(?!api\/)|\/telemetry\/otel\//],
  ["backups", /node_modules\/modern-tar\//],
  ["notices", /\/telemetry\/notices\//],
  [
    "conversions for Ollama's clients",
    /\/dialects\/ollama\/(?:read|write|embed|ollama-translators)/,
  ],
];

/** All modules of the gateway, and the packages that it may load. */
function allModules(): string[] {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { dependencies: object };
  const packages = Object.keys(manifest.dependencies);
  return [
    ...globSync("gateway/**/*.{ts,js}").map((file) => `/${file}`),
    ...packages.map((name) => `node_modules/${name}/`),
  ];
}

const dir = newDirectory();
let loaded: readonly string[] = [];

beforeAll(async () => {
  const upstream = await startMockUpstream((_seen, response) => {
    response.writeHead(200, { "content-type": "application/json" });
    response.end('{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}');
  });
  const hook = join(dir, "recorder.mjs");
  const list = join(dir, "loaded");
  writeFileSync(hook, recorder);
  const gateway = await spawnGateway(dir, {
    UPSTREAM_URL: upstream.url,
    NODE_OPTIONS: `--import=${pathToFileURL(hook)}`,
    LOADED_MODULES: list,
    // What several processes load is of no matter here.
    WORKERS: "1",
  });
  const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key()}`, "content-type": "application/json" },
    body: JSON.stringify(chat()),
  });
  expect(answer.status).toBe(200);
  await answer.text();
  gateway.child.kill();
  await gateway.ended;
  await upstream.close();
  loaded = readFileSync(list, "utf8").split("\n");
}, 60_000);
afterAll(() => remove(dir));

it("a start and a first request load what they need", () => {
  expect(loaded.some((url) => url.endsWith("/gateway/serve.ts"))).toBe(true);
  expect(loaded.some((url) => url.endsWith("/generation/generation.ts"))).toBe(true);
});

it.each(unused)("a start and a first request do not load %s", (_, modules) => {
  expect(loaded.filter((url) => modules.test(url))).toEqual([]);
});

it.each(unused)("there are modules for %s", (_, modules) => {
  expect(allModules().filter((file) => modules.test(file))).not.toEqual([]);
});
