// Runs published JavaScript clients that speak Ollama. ../../driver.ts says what it reads and writes.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { ChatOllama } from "@langchain/ollama";
import { jsonSchema, streamText, tool } from "ai";
import { createOllama } from "ollama-ai-provider-v2";

globalThis.AI_SDK_LOG_WARNINGS = false;

const packages = ["@langchain/ollama", "ollama-ai-provider-v2"];
const schema = {
  type: "object",
  properties: { on: { type: "boolean" } },
  required: ["on"],
  additionalProperties: false,
};

// One of them prints what it cannot read; the lines for the tests stay alone on standard output.
console.log = console.warn = console.error = () => {};

const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const bearer = (key) => ({ authorization: `Bearer ${key}` });
const written = (name, input) => `${name} ${JSON.stringify(input)}`;

async function langchain({ url, key, signal, tell }, withTools) {
  const chat = new ChatOllama({ model: "m", baseUrl: url, headers: bearer(key) });
  const light = { name: "light", description: "Switches the light.", parameters: schema };
  const model = withTools ? chat.bindTools([{ type: "function", function: light }]) : chat;
  let text = "";
  for await (const chunk of await model.stream("hello", { signal })) {
    tell({ seen: chunk });
    text += chunk.text;
    const [call] = chunk.tool_calls ?? [];
    if (call !== undefined) text = written(call.name, call.args);
    if (text !== "") tell({ piece: true });
  }
  signal.throwIfAborted();
  return text;
}

async function aiSdk({ url, key, signal, tell }, withTools) {
  const model = createOllama({ baseURL: `${url}/api`, headers: bearer(key) })("m");
  const result = streamText({
    model,
    prompt: "hello",
    abortSignal: signal,
    includeRawChunks: true,
    onError: () => {},
    tools: withTools ? { light: tool({ inputSchema: jsonSchema(schema) }) } : {},
  });
  let text = "";
  for await (const part of result.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "abort") throw new Error("aborted");
    if (part.type === "raw") tell({ seen: part.rawValue });
    if (part.type === "text-delta") text += part.text;
    if (part.type === "tool-call") text = written(part.toolName, part.input);
    if (text !== "") tell({ piece: true });
  }
  return text;
}

const clients = {
  langchain: (asked) => langchain(asked, false),
  "langchain-tools": (asked) => langchain(asked, true),
  ai: (asked) => aiSdk(asked, false),
  "ai-tools": (asked) => aiSdk(asked, true),
};

function versionOf(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return `${name} ${JSON.parse(readFileSync(file, "utf8")).version}`;
}

write({ versions: packages.map(versionOf) });
const leaving = new Map();
for await (const line of createInterface({ input: process.stdin })) {
  const { id, client, url, key, leave } = JSON.parse(line);
  if (leave) {
    leaving.get(id)?.abort();
    continue;
  }
  const mine = new AbortController();
  leaving.set(id, mine);
  const tell = (what) => write({ id, ...what });
  clients[client]({ url, key, signal: mine.signal, tell }).then(
    (text) => tell({ text }),
    // After its retries, the AI SDK keeps the server's words in the last error.
    (error) => tell({ error: `${error} ${(error?.lastError ?? error)?.responseBody ?? ""}` }),
  );
}
