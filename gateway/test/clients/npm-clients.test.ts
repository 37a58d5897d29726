import { readFileSync } from "node:fs";
import { join } from "node:path";
import { aiClients } from "./ai-clients.ts";
import { anthropicClients } from "./anthropic-clients.ts";
import { geminiClients } from "./gemini-clients.ts";
import { langchainClients } from "./langchain-clients.ts";
import { ollamaClients } from "./ollama-clients.ts";
import { openaiClients } from "./openai-clients.ts";
import { tryClients } from "./try-clients.ts";

const modules = join(import.meta.dirname, "../../../node_modules");

const packages = [
  "openai",
  "@anthropic-ai/sdk",
  "@google/genai",
  "ollama",
  "ai",
  "@ai-sdk/openai-compatible",
  "@ai-sdk/openai",
  "@ai-sdk/anthropic",
  "@ai-sdk/google",
  "@langchain/openai",
];

const versionOf = (name: string): string => {
  const { version } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  return `${name} ${version}`;
};

tryClients({
  title: "JavaScript",
  clients: [
    ...openaiClients,
    ...anthropicClients,
    ...geminiClients,
    ...ollamaClients,
    ...aiClients,
    ...langchainClients,
  ],
  open: async () => packages.map(versionOf),
});
