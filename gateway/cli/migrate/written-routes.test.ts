import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { loadSettings } from "../../settings/load-settings.ts";
import type { Settings } from "../../settings/settings-table.ts";
import { runCommand } from "../../test/support/run-command.ts";
import { migrate } from "../migrate.ts";

let dir = "";
let said: string[] = [];

beforeEach(() => {
  const made = mkdtempDisposableSync(join(tmpdir(), "migrate-routes-"));
  onTestFinished(() => made.remove());
  dir = made.path;
  said = [];
});

/** The settings that what was written gives. */
async function takenOver(
  kind: string,
  text: string,
  variables: Record<string, string> = {},
): Promise<Settings> {
  const env = {
    USERS_FILE: join(dir, "users.json"),
    DATABASE_FILE: join(dir, "gateway.db"),
    ...variables,
  };
  writeFileSync(join(dir, "foreign.yaml"), text);
  const line = (text: string): void => void said.push(text);
  const given = { env, cwd: dir, out: line, say: line };
  const { status } = await runCommand(migrate, [kind, "foreign.yaml"], given);
  expect(status, said.join("\n")).toBe(0);
  return loadSettings({ argv: [], env, cwd: dir }).settings;
}

const left = (): string[] => said.filter((line) => line.startsWith("not taken over: "));

/** `qwen -> box as qwen3 + other, else cloud as gpt`. */
function shown({ routes }: Settings): string[] {
  const text = ({ upstream, model }: { upstream: string; model: string | null }): string =>
    model === null ? upstream : `${upstream} as ${model}`;
  return routes.map(({ model, upstreams, fallbacks }) => {
    const others = fallbacks.map((target) => `, else ${text(target)}`).join("");
    return `${model} -> ${upstreams.map(text).join(" + ")}${others}`;
  });
}

const liteLlm = `model_list:
  - model_name: qwen
    litellm_params: { model: openai/qwen3-32b, api_base: "http://box-1:8080/v1", api_key: none }
    model_info: { max_input_tokens: 32768, input_cost_per_token: 0.000001 }
  - model_name: qwen
    litellm_params: { model: hosted_vllm/Qwen/Qwen3-32B, api_base: os.environ/BOX, weight: 2 }
  - model_name: late
    litellm_params: { model: ollama_chat/llama3, order: 2 }
  - model_name: late
    litellm_params: { model: groq/llama-3.3-70b, api_key: os.environ/GROQ_API_KEY, order: 1 }
  - model_name: claude
    litellm_params: { model: claude-sonnet-4-5, api_key: sk-made-up-secret }
  - model_name: gpt-4o
    litellm_params: { model: gpt-4o, api_key: os.environ/OPENAI_API_KEY }
  - model_name: gemini
    litellm_params: { model: gemini/gemini-2.5-pro, api_key: os.environ/GEMINI_API_KEY }
  - model_name: "*"
    litellm_params: { model: openai/*, api_key: os.environ/OPENAI_API_KEY }
  - model_name: "gpt-*"
    litellm_params: { model: openai/gpt-*, api_key: os.environ/OPENAI_API_KEY }
  - model_name: "anthropic/*"
    litellm_params: { model: anthropic/*, api_key: os.environ/ANTHROPIC_API_KEY }
  - model_name: enterprise
    litellm_params: { model: azure/gpt-4o, api_base: https://x.openai.azure.com }
router_settings:
  fallbacks: [{ qwen: [claude] }]
  model_group_alias: { fast: qwen, slow: { model: claude, hidden: true } }
litellm_settings:
  default_fallbacks: [gpt-4o]
`;

test("LiteLLM's model list becomes upstreams and routes that load", async () => {
  const settings = await takenOver("litellm", liteLlm, {
    BOX: "http://box-2:8000/v1",
    GROQ_API_KEY: "of-groq",
    OPENAI_API_KEY: "of-openai",
    GEMINI_API_KEY: "of-gemini",
  });
  expect(settings.upstreams).toMatchObject([
    { name: "box-1-8080", url: "http://box-1:8080", type: "openai", key: "none" },
    { name: "box-2-8000", url: "http://box-2:8000", type: "vllm", key: null, weight: 2 },
    { name: "localhost-11434", url: "http://localhost:11434", type: "ollama", key: null },
    { name: "api.groq.com", url: "https://api.groq.com/openai", type: "openai", key: "of-groq" },
    { name: "anthropic", url: "https://api.anthropic.com", type: "anthropic" },
    { name: "openai", url: "https://api.openai.com", type: "openai", key: "of-openai" },
    { name: "gemini", type: "google", key: "of-gemini" },
  ]);
  const all = ", else openai as gpt-4o";
  expect(shown(settings)).toEqual([
    `qwen -> box-1-8080 as qwen3-32b + box-2-8000 as Qwen/Qwen3-32B, else anthropic as claude-sonnet-4-5${all}`,
    `late -> api.groq.com as llama-3.3-70b, else localhost-11434 as llama3${all}`,
    `claude -> anthropic as claude-sonnet-4-5${all}`,
    "gpt-4o -> openai",
    `gemini -> gemini as gemini-2.5-pro${all}`,
    `fast -> box-1-8080 as qwen3-32b + box-2-8000 as Qwen/Qwen3-32B, else anthropic as claude-sonnet-4-5${all}`,
    `slow -> anthropic as claude-sonnet-4-5${all}`,
    "gpt-* -> openai",
    "* -> openai",
  ]);
  expect(settings.models).toMatchObject([
    { model: "qwen", contextLength: 32_768, price: { input: 0.000001 } },
  ]);
  expect(left()).toEqual([
    "not taken over: anthropic/* (anthropic/*): a wildcard that changes names",
    "not taken over: enterprise (azure/gpt-4o): its provider's API is not spoken here",
  ]);
  expect(said.join()).not.toContain("made-up-secret");
});

test("a variable that is still to be set is said, with its place", async () => {
  const text =
    "model_list: [{model_name: a, litellm_params: {model: openai/a, api_key: os.environ/A_KEY}}]";
  await expect(takenOver("litellm", text)).rejects.toThrow("the variable A_KEY is not set");
  expect(said.at(-1)).toMatch(/line \d+, column \d+: upstream openai: key: the variable A_KEY/);
});

test("llama-swap's models take turns, under their aliases and variants too", async () => {
  const settings = await takenOver(
    "llama-swap",
    `macros: { llama: llama-server }
models:
  qwen:
    cmd: x
    name: Qwen
    aliases: [gpt-4o-mini]
    capabilities: { context: 32000 }
    concurrencyLimit: 4
    filters: { setParamsByID: { "\${MODEL_ID}": {}, "\${MODEL_ID}:high": {} } }
  phi: { cmd: y }
peers:
  router: { proxy: https://openrouter.ai/api, apiKey: "\${env.ROUTER_KEY}", models: [z-ai/glm, phi] }
selectors: { any: { strategy: warm, targets: [qwen, phi] } }
`,
    { ROUTER_KEY: "of-router" },
  );
  expect(settings.upstreams).toMatchObject([
    { name: "llama-swap", url: "http://127.0.0.1:8080", exclusiveModels: true, box: null },
    { name: "router", url: "https://openrouter.ai/api", key: "of-router" },
  ]);
  expect(shown(settings)).toEqual([
    "qwen -> llama-swap",
    "gpt-4o-mini -> llama-swap as qwen",
    "qwen:high -> llama-swap",
    "phi -> llama-swap",
    "router/z-ai/glm -> router as z-ai/glm",
    "z-ai/glm -> router",
    "router/phi -> router as phi",
  ]);
  expect(settings.models).toMatchObject([
    { model: "qwen", name: "Qwen", contextLength: 32_000, maxConcurrent: 4 },
  ]);
  expect(left()).toEqual(["not taken over: its selectors"]);
});

test.each(["groups:", "routing:\n router:\n  settings:\n   groups:"])(
  "llama-swap's groups under %j: those that drive others out share a box",
  async (where) => {
    const indent = where === "groups:" ? " " : "    ";
    const groups = [
      "big: { members: [a, b] }",
      "small: { swap: false, exclusive: false, members: [c, d] }",
      "forever: { swap: false, exclusive: false, persistent: true, members: [e] }",
    ];
    const text = `models: {a: {}, b: {}, c: {}, d: {}, e: {}}\n${where}\n${groups
      .map((group) => `${indent}${group}`)
      .join("\n")}\n`;
    const settings = await takenOver("llama-swap", text, { UPSTREAM_URL: "http://swap:9000" });
    expect(settings.upstreams).toMatchObject([
      { name: "llama-swap-big", url: "http://swap:9000", box: "llama-swap", exclusiveModels: true },
      { name: "llama-swap-small", box: "llama-swap", exclusiveModels: false },
      { name: "llama-swap-forever", box: null, exclusiveModels: false },
    ]);
    expect(shown(settings)[4]).toBe("e -> llama-swap-forever");
  },
);
