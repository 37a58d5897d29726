import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAI } from "@ai-sdk/openai";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { jsonSchema, type LanguageModel, streamText, type Tool, tool } from "ai";
import { type Asked, type Client, countPlaces, type Had, toolSchema } from "./client.ts";

const light: Tool = tool({
  inputSchema: jsonSchema<{ on: boolean }>({ ...toolSchema, required: ["on"] }),
});

async function run(model: LanguageModel, asked: Asked, withTools: boolean): Promise<Had> {
  const result = streamText({
    model,
    prompt: "hello",
    abortSignal: asked.signal,
    includeRawChunks: true,
    onError: () => {},
    tools: withTools ? { light } : {},
  });
  const { seen } = asked;
  let text = "";
  for await (const part of result.fullStream) {
    if (part.type === "error") throw part.error;
    if (part.type === "abort") throw new Error("aborted");
    if (part.type === "raw") seen.push(part.rawValue);
    if (part.type === "text-delta") text += part.text;
    if (part.type === "tool-call") text = `${part.toolName} ${JSON.stringify(part.input)}`;
    if (part.type === "text-delta" || part.type === "tool-input-delta") asked.onPiece();
  }
  return { text, places: countPlaces(seen) };
}

type Provider = (asked: Asked) => LanguageModel;

const compatible: Provider = ({ url, key }) =>
  createOpenAICompatible({ name: "gateway", baseURL: `${url}/v1`, apiKey: key })("m");
const openaiChat: Provider = ({ url, key }) =>
  createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).chat("m");
const openaiResponses: Provider = ({ url, key }) =>
  createOpenAI({ baseURL: `${url}/v1`, apiKey: key }).responses("m");
const anthropic: Provider = ({ url, key }) =>
  createAnthropic({ baseURL: `${url}/v1`, apiKey: key })("m");

const google: Provider = ({ url, key }) =>
  createGoogleGenerativeAI({ baseURL: `${url}/v1beta`, apiKey: key })("m");

const client = (name: string, model: Provider): Client => ({
  name,
  run: (asked) => run(model(asked), asked, name.endsWith("tools")),
});

export const aiClients: Client[] = [
  client("ai with @ai-sdk/openai-compatible", compatible),
  client("ai with @ai-sdk/openai-compatible, tools", compatible),
  client("ai with @ai-sdk/openai, chat", openaiChat),
  client("ai with @ai-sdk/openai, responses", openaiResponses),
  client("ai with @ai-sdk/anthropic", anthropic),
  client("ai with @ai-sdk/anthropic, tools", anthropic),
  client("ai with @ai-sdk/google", google),
  { ...client("ai with @ai-sdk/google, tools", google), callsComeWhole: true },
];
