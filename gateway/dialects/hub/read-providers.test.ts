import { createAnthropic } from "@ai-sdk/anthropic";
import { createGoogleGenerativeAI } from "@ai-sdk/google";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModelV4 } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { readMessages } from "../anthropic/read-messages.ts";
import { readGemini } from "../gemini/read-gemini.ts";
import { readChat } from "../openai-chat/read-chat.ts";
import { readResponses } from "../openai-responses/read-responses.ts";
import type { HubRequest } from "./hub.ts";

const image = "aGk=";
const schema = { type: "object", properties: { a: { type: "string" } } };

/** Everything at once, in each dialect. */
const requests: Record<string, HubRequest> = {
  chat: readChat({
    messages: [
      { role: "system", content: "be brief" },
      {
        role: "user",
        content: [
          { type: "text", text: "look", cache_control: { type: "ephemeral" } },
          { type: "image_url", image_url: { url: `data:image/png;base64,${image}` } },
          { type: "file", file: { file_data: "data:application/pdf;base64,JVBE" } },
        ],
      },
      {
        role: "assistant",
        content: null,
        reasoning_content: "hm",
        tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "" } }],
      },
      { role: "tool", tool_call_id: "a", content: "one" },
    ],
    tools: [{ type: "function", function: { name: "f", parameters: schema } }],
    tool_choice: "auto",
    parallel_tool_calls: false,
    reasoning_effort: "low",
    reasoningEffort: 5,
    textVerbosity: {},
    min_p: 0.1,
    top_k: 4,
    user: "ann",
  }),
  responses: readResponses({
    instructions: "be brief",
    input: [
      {
        role: "user",
        content: [
          { type: "input_text", text: "look" },
          { type: "input_image", image_url: `data:image/png;base64,${image}` },
        ],
      },
      {
        type: "reasoning",
        summary: [{ type: "summary_text", text: "hm" }],
        encrypted_content: "proof",
      },
      { type: "function_call", call_id: "a", name: "f", arguments: "{}" },
      { type: "function_call_output", call_id: "a", output: "one" },
    ],
    tools: [{ type: "function", name: "f", parameters: schema }],
    text: { verbosity: "low", format: { type: "json_object" } },
    reasoning: { effort: "low", summary: "auto" },
    service_tier: "auto",
    user: "ann",
  }),
  messages: readMessages({
    max_tokens: 9000,
    system: [{ type: "text", text: "be brief", cache_control: { type: "ephemeral", ttl: "9y" } }],
    cache_control: { type: "ephemeral", ttl: "1h" },
    messages: [
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "image", source: { type: "base64", media_type: "image/png", data: image } },
          { type: "document", source: { type: "text", media_type: "text/plain", data: "doc" } },
        ],
      },
      {
        role: "assistant",
        content: [
          { type: "thinking", thinking: "hm", signature: "proof" },
          { type: "redacted_thinking", data: "secret" },
          { type: "tool_use", id: "a", name: "f", input: {} },
        ],
      },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "a", content: "one" }] },
    ],
    tools: [{ name: "f", input_schema: schema }],
    tool_choice: { type: "auto", disable_parallel_tool_use: true },
    thinking: { type: "enabled", budget_tokens: 2048 },
    metadata: { user_id: "ann" },
  }),
  gemini: readGemini({
    systemInstruction: { parts: [{ text: "be brief" }] },
    contents: [
      {
        role: "user",
        parts: [{ text: "look" }, { inlineData: { mimeType: "image/png", data: image } }],
      },
      {
        role: "model",
        parts: [
          { text: "hm", thought: true, thoughtSignature: "proof" },
          { functionCall: { id: "a", name: "f", args: {} } },
        ],
      },
      { role: "user", parts: [{ functionResponse: { id: "a", name: "f", response: { x: 1 } } }] },
    ],
    tools: [{ functionDeclarations: [{ name: "f", parametersJsonSchema: schema }] }],
    generationConfig: { thinkingConfig: { thinkingLevel: "LOW", includeThoughts: true } },
  }),
};

type Fetch = typeof globalThis.fetch;

const providers: Record<string, (fetch: Fetch) => LanguageModelV4> = {
  openai: (fetch) =>
    createOpenAICompatible({ name: "openaiCompatible", baseURL: "http://x.test", fetch })("m"),
  anthropic: (fetch) => createAnthropic({ apiKey: "none", fetch })("m"),
  google: (fetch) => createGoogleGenerativeAI({ apiKey: "none", fetch })("m"),
};

/** The body that a provider makes of a request; it throws where an option is not to its taste. */
async function bodyFor(provider: string, request: HubRequest): Promise<string> {
  let body = "";
  const model = providers[provider]!(async (_, init) => {
    body = String(init?.body);
    return new Response("{}", { status: 418 });
  });
  await expect(model.doGenerate({ ...request.options })).rejects.toMatchObject({ statusCode: 418 });
  return body;
}

describe.each(Object.keys(requests))("a request of %s", (dialect) => {
  it.each(Object.keys(providers))("is taken by the provider of %s", async (provider) => {
    const body = await bodyFor(provider, requests[dialect]!);
    for (const word of ["be brief", "look", image, '"f"', "properties"]) {
      expect(body).toContain(word);
    }
    expect(body).toContain(dialect === "gemini" ? "x" : "one");
  });
});

describe("a signed thought", () => {
  it.each(["responses", "messages", "gemini"])("of %s comes back to Anthropic", async (dialect) => {
    const thought = '{"type":"thinking","thinking":"hm","signature":"proof"}';
    expect(await bodyFor("anthropic", requests[dialect]!)).toContain(thought);
  });

  it("that is not signed is not shown to Anthropic, but to servers of chat", async () => {
    expect(await bodyFor("anthropic", requests.chat!)).not.toContain("hm");
    expect(await bodyFor("openai", requests.chat!)).toContain('"reasoning_content":"hm"');
  });
});

it("extra settings of chat reach a server of chat as they are", async () => {
  const body: unknown = JSON.parse(await bodyFor("openai", requests.chat!));
  expect(body).toMatchObject({
    min_p: 0.1,
    user: "ann",
    parallel_tool_calls: false,
    reasoning_effort: "low",
  });
});
