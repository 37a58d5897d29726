/**
 * @typedef {{ base: string, key: string, model: string }} Address `base` without a slash at its end
 * @typedef {{ name: string, where: string, block: (address: Address) => string }} Client
 */

/** A text as one word of a shell. @param {string} text */
const shell = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** A block to copy for each client of README. `where` is a place in the client: not translated. */
export const clients = /** @type {Client[]} */ ([
  {
    name: "curl",
    where: "a terminal",
    block: ({ base, key, model }) => `curl -N ${base}/v1/chat/completions \\
  -H "Authorization: Bearer ${key}" -H "Content-Type: application/json" \\
  -d ${shell(JSON.stringify({ model, stream: true, messages: [{ role: "user", content: "Hello" }] }))}`,
  },
  {
    name: "Open WebUI",
    where: "Admin Settings → Connections → OpenAI → Add Connection",
    block: ({ base, key }) => `URL  ${base}/v1\nKey  ${key}`,
  },
  {
    name: "Claude Code",
    where: "a terminal",
    block: ({ base, key, model }) => `export ANTHROPIC_BASE_URL=${base}
export ANTHROPIC_AUTH_TOKEN=${key}
export ANTHROPIC_SMALL_FAST_MODEL=${shell(model)}
claude --model ${shell(model)}`,
  },
  {
    name: "Codex CLI",
    where: "~/.codex/config.toml; the key: export GATEWAY_KEY=…",
    block: ({ base, model }) => `model = ${JSON.stringify(model)}
model_provider = "gateway"

[model_providers.gateway]
name = "LLM gateway"
base_url = "${base}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"`,
  },
  {
    name: "Gemini CLI",
    where: "a terminal",
    block: ({ base, key, model }) => `export GOOGLE_GEMINI_BASE_URL=${base}
export GEMINI_API_KEY=${key}
gemini --model ${shell(model)}`,
  },
  {
    name: "opencode",
    where: "~/.config/opencode/opencode.json",
    block: ({ base, key, model }) =>
      JSON.stringify(
        {
          model: `gateway/${model}`,
          provider: {
            gateway: {
              npm: "@ai-sdk/openai-compatible",
              name: "LLM gateway",
              options: { baseURL: `${base}/v1`, apiKey: key },
              models: { [model]: {} },
            },
          },
        },
        null,
        2,
      ),
  },
  {
    name: "qwen-code",
    where: "a terminal",
    block: ({ base, key, model }) => `export OPENAI_BASE_URL=${base}/v1
export OPENAI_API_KEY=${key}
qwen --auth-type openai --model ${shell(model)}`,
  },
  {
    name: "Aider",
    where: "a terminal",
    block: ({ base, key, model }) => `export OPENAI_API_BASE=${base}/v1
export OPENAI_API_KEY=${key}
aider --model ${shell(`openai/${model}`)}`,
  },
  {
    name: "Continue",
    where: "config.yaml",
    block: ({ base, key, model }) => `models:
  - name: ${JSON.stringify(model)}
    provider: openai
    model: ${JSON.stringify(model)}
    apiBase: ${base}/v1
    apiKey: ${key}`,
  },
  {
    name: "Cline",
    where: "Settings → API Provider: OpenAI Compatible",
    block: ({ base, key, model }) => `Base URL  ${base}/v1\nAPI Key   ${key}\nModel ID  ${model}`,
  },
  {
    name: "Zed",
    where: "settings.json; the key: LAN_API_KEY",
    block: ({ base, model }) =>
      JSON.stringify(
        {
          language_models: {
            openai_compatible: {
              lan: {
                api_url: `${base}/v1`,
                available_models: [{ name: model, max_tokens: 32768 }],
              },
            },
          },
        },
        null,
        2,
      ),
  },
  {
    name: "LibreChat",
    where: "librechat.yaml",
    block: ({ base, key, model }) => `endpoints:
  custom:
    - name: LAN
      baseURL: ${base}/v1
      apiKey: ${key}
      models:
        default: [${JSON.stringify(model)}]
        fetch: true`,
  },
  {
    name: "Home Assistant",
    where: "Settings → Devices & services → Add integration → Ollama",
    block: ({ base, key, model }) => `URL      ${base}\nAPI key  ${key}\nModel    ${model}`,
  },
  {
    name: "ollama (Python)",
    where: "pip install ollama",
    block: ({ base, key, model }) => `from ollama import Client

client = Client(host="${base}", headers={"Authorization": "Bearer ${key}"})
messages = [{"role": "user", "content": "Hello"}]
print(client.chat(model=${JSON.stringify(model)}, messages=messages).message.content)`,
  },
  {
    name: "openai (Python)",
    where: "pip install openai",
    block: ({ base, key, model }) => `from openai import OpenAI

client = OpenAI(base_url="${base}/v1", api_key="${key}")
answer = client.chat.completions.create(
    model=${JSON.stringify(model)},
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.choices[0].message.content)`,
  },
  {
    name: "openai (JavaScript)",
    where: "npm install openai",
    block: ({ base, key, model }) => `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${base}/v1", apiKey: "${key}" });
const answer = await client.chat.completions.create({
  model: ${JSON.stringify(model)},
  messages: [{ role: "user", content: "Hello" }],
});
console.log(answer.choices[0].message.content);`,
  },
  {
    name: "anthropic (Python)",
    where: "pip install anthropic",
    block: ({ base, key, model }) => `from anthropic import Anthropic

client = Anthropic(base_url="${base}", api_key="${key}")
answer = client.messages.create(
    model=${JSON.stringify(model)}, max_tokens=500,
    messages=[{"role": "user", "content": "Hello"}],
)
print(answer.content[0].text)`,
  },
  {
    name: "AI SDK",
    where: "npm install ai @ai-sdk/openai-compatible",
    block: ({
      base,
      key,
      model,
    }) => `import { createOpenAICompatible } from "@ai-sdk/openai-compatible";

const lan = createOpenAICompatible({ name: "lan", baseURL: "${base}/v1", apiKey: "${key}" });
const model = lan(${JSON.stringify(model)});`,
  },
  {
    name: "LangChain (Python)",
    where: "pip install langchain-openai",
    block: ({ base, key, model }) => `from langchain_openai import ChatOpenAI

chat = ChatOpenAI(model=${JSON.stringify(model)}, base_url="${base}/v1", api_key="${key}")`,
  },
  {
    name: "Gemini",
    where: "npm install @google/genai",
    block: ({ base, key }) => `import { GoogleGenAI } from "@google/genai";

const ai = new GoogleGenAI({ apiKey: "${key}", httpOptions: { baseUrl: "${base}" } });`,
  },
  {
    name: "OpenRouter",
    where: "npm install @openrouter/sdk",
    block: ({ base, key }) => `import { OpenRouter } from "@openrouter/sdk";

const client = new OpenRouter({ apiKey: "${key}", serverURL: "${base}/api/v1" });`,
  },
]);
