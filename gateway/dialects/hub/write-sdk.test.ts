import type { LanguageModelV4StreamPart as StreamPart } from "@ai-sdk/provider";
import Anthropic from "@anthropic-ai/sdk";
import { type GenerateContentResponse, GoogleGenAI, type Part } from "@google/genai";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { cannedServer } from "../../test/fixtures/canned-server.ts";
import type { ArbitraryAnswer } from "../../test/support/answer-arbitrary.ts";
import { createMessagesWriter, writeMessages } from "../anthropic/write-messages.ts";
import {
  createGeminiArrayWriter,
  createGeminiWriter,
  writeGemini,
} from "../gemini/write-gemini.ts";
import { createChatWriter, writeChat } from "../openai-chat/write-chat.ts";
import { createResponsesWriter, writeResponses } from "../openai-responses/write-responses.ts";
import type { AnswerNames, StreamWriter, WriteWhole } from "./hub.ts";

const names: AnswerNames = {
  id: "request-1",
  model: "some-model",
  created: 1_760_000_000,
  startedAt: 0,
  request: {},
};
const messages = [{ role: "user" as const, content: "Hi" }];
const usage = {
  inputTokens: { total: 100, noCache: 60, cacheRead: 30, cacheWrite: 10 },
  outputTokens: { total: 50, text: 30, reasoning: 20 },
};
const noWarnings = { usage, warnings: [] };

const text = (id: string, ...said: string[]): StreamPart[] => [
  { type: "text-start", id },
  ...said.map((delta): StreamPart => ({ type: "text-delta", id, delta })),
  { type: "text-end", id },
];
const providerMetadata = { anthropic: { signature: "c2lnbmVk" } };
const thought: StreamPart[] = [
  { type: "reasoning-start", id: "0" },
  { type: "reasoning-delta", id: "0", delta: "Let me see." },
  { type: "reasoning-delta", id: "0", delta: "", providerMetadata },
  { type: "reasoning-end", id: "0" },
];
const input = (id: string, delta: string): StreamPart => ({ type: "tool-input-delta", id, delta });
const start = (id: string): StreamPart => ({ type: "tool-input-start", id, toolName: "look" });
const call = (toolCallId: string, json: string) =>
  ({ type: "tool-call", toolCallId, toolName: "look", input: json }) as const;
const finish = (unified: "stop" | "length" | "tool-calls" | "content-filter") => ({
  finishReason: { unified, raw: undefined },
});

/** The same answers streamed and whole, as the three providers give them. */
const answers: Record<string, ArbitraryAnswer> = {
  text: {
    parts: [...text("0", "Hel", "lo ü😀"), { type: "finish", usage, ...finish("stop") }],
    whole: { content: [{ type: "text", text: "Hello ü😀" }], ...finish("stop"), ...noWarnings },
  },
  "a thought, then words cut at the limit": {
    parts: [...thought, ...text("1", "A", "B"), { type: "finish", usage, ...finish("length") }],
    whole: {
      content: [
        { type: "reasoning", text: "Let me see.", providerMetadata },
        { type: "text", text: "AB" },
      ],
      ...finish("length"),
      ...noWarnings,
    },
  },
  "two calls told in turns, whose ends come last": {
    parts: [
      ...text("0", "Looking."),
      ...[start("c1"), input("c1", '{"at":'), start("c2"), input("c2", '{"at":"}"')],
      ...[input("c1", '"x"}'), input("c2", "}")],
      ...[call("c1", '{"at":"x"}'), call("c2", '{"at":"}"}')],
      { type: "finish", usage, ...finish("stop") },
    ],
    whole: {
      content: [
        { type: "text", text: "Looking." },
        call("c1", '{"at":"x"}'),
        call("c2", '{"at":"}"}'),
      ],
      ...finish("stop"),
      ...noWarnings,
    },
  },
  "calls that were not streamed, one without arguments": {
    parts: [
      ...[start("c1"), call("c1", ""), call("c2", '{"a":[1]}')],
      { type: "finish", usage, ...finish("tool-calls") },
    ],
    whole: {
      content: [call("c1", ""), call("c2", '{"a":[1]}')],
      ...finish("tool-calls"),
      ...noWarnings,
    },
  },
  nothing: {
    parts: [{ type: "finish", usage, ...finish("content-filter") }],
    whole: { content: [], ...finish("content-filter"), ...noWarnings },
  },
};
const cases = Object.entries(answers);

/** What a client reads from a server that answers with the stream, and from one with the whole. */
async function read<One, Other>(
  { parts, whole }: ArbitraryAnswer,
  create: (names: AnswerNames) => StreamWriter,
  write: WriteWhole,
  streamed: (url: string) => Promise<One>,
  asked: (url: string) => Promise<Other>,
): Promise<[One, Other]> {
  const writer = create(names);
  await using events = await cannedServer(200, parts.map((part) => writer.write(part)).join(""));
  await using body = await cannedServer(200, JSON.stringify(write(whole, names)));
  return [await streamed(events.url), await asked(body.url)];
}

const key = { apiKey: "none", maxRetries: 0 };

describe("the official clients read a stream as they read a whole answer", () => {
  it.each(cases)("openai, chat: %s", async (_, answer) => {
    const client = (url: string) => new OpenAI({ ...key, baseURL: url }).chat.completions;
    const body = { model: "m", messages };
    const [one, other] = await read(
      answer,
      createChatWriter,
      writeChat,
      (url) => client(url).stream(body).finalChatCompletion(),
      (url) => client(url).create(body),
    );
    const { message, finish_reason } = other.choices[0]!;
    // The helper adds a field of its own to each call.
    const tools = JSON.parse(
      JSON.stringify(one.choices[0]!.message.tool_calls ?? null),
      (name, value) => (name === "parsed_arguments" ? undefined : value),
    );
    expect(one.usage).toEqual(other.usage);
    expect(one.choices[0]!.finish_reason).toBe(finish_reason);
    expect(one.choices[0]!.message.content || null).toBe(message.content || null);
    expect(one.choices[0]!.message).toMatchObject(
      "reasoning_content" in message ? { reasoning_content: message.reasoning_content } : {},
    );
    expect(tools).toEqual(message.tool_calls ?? null);
  });

  it.each(cases)("openai, responses: %s", async (_, answer) => {
    const client = (url: string) => new OpenAI({ ...key, baseURL: url }).responses;
    const body = { model: "m", input: "Hi" };
    const [one, other] = await read(
      answer,
      createResponsesWriter,
      writeResponses,
      (url) => client(url).stream(body).finalResponse(),
      (url) => client(url).create(body),
    );
    const bare = (response: unknown) =>
      JSON.parse(JSON.stringify(response), (name, value) =>
        name.startsWith("parsed") || name === "output_parsed" ? undefined : value,
      );
    expect(bare(one)).toEqual(bare(other));
  });

  it.each(cases)("@anthropic-ai/sdk: %s", async (_, answer) => {
    const client = (url: string) => new Anthropic({ ...key, baseURL: url }).messages;
    const body = { model: "m", messages, max_tokens: 9 };
    const [one, other] = await read(
      answer,
      createMessagesWriter,
      writeMessages,
      (url) => client(url).stream(body).finalMessage(),
      (url) => client(url).create(body),
    );
    expect(one).toEqual({ ...other, content: one.content, parsed_output: null });
    expect(JSON.stringify(one.content)).toBe(JSON.stringify(other.content));
  });

  it.each(cases)("@google/genai: %s", async (_, answer) => {
    const client = (baseUrl: string) =>
      new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl } }).models;
    const body = { model: "m", contents: "Hi" };
    const parts = (chunks: GenerateContentResponse[]) =>
      chunks.flatMap((chunk) => chunk.candidates?.[0]?.content?.parts ?? []);
    const joined = (some: Part[]) => some.map((part) => part.text ?? "").join("");
    const said = (chunks: GenerateContentResponse[]) => ({
      text: joined(parts(chunks).filter((part) => !part.thought)),
      thought: joined(parts(chunks).filter((part) => part.thought)),
      proofs: parts(chunks)
        .map((part) => part.thoughtSignature)
        .filter((one) => one),
      calls: chunks.flatMap((chunk) => chunk.functionCalls ?? []),
      finishReason: chunks.at(-1)?.candidates?.[0]?.finishReason,
      usage: chunks.at(-1)?.usageMetadata,
    });
    const [one, other] = await read(
      answer,
      createGeminiWriter,
      writeGemini,
      async (url) => said(await Array.fromAsync(await client(url).generateContentStream(body))),
      async (url) => said([await client(url).generateContent(body)]),
    );
    expect(one).toEqual(other);
  });

  it("@google/genai's chat keeps the turn in its history", async () => {
    const writer = createGeminiWriter(names);
    const body = answers.text!.parts.map((part) => writer.write(part)).join("");
    await using server = await cannedServer(200, body);
    const google = new GoogleGenAI({ apiKey: "none", httpOptions: { baseUrl: server.url } });
    const chat = google.chats.create({ model: "m" });
    await Array.fromAsync(await chat.sendMessageStream({ message: "Hi" }));
    const parts = chat.getHistory(true).flatMap((turn) => turn.parts ?? []);
    expect(parts.map((part) => part.text).join("")).toBe("HiHello ü😀");
  });
});

it("gemini's array streams element by element", () => {
  const writer = createGeminiArrayWriter(names);
  const pieces = answers.text!.parts.map((part) => writer.write(part)).filter((one) => one !== "");
  expect(pieces.length).toBe(3);
  expect(pieces[0]).toMatch(/^\[\{.*\}$/);
  expect(pieces[1]).toMatch(/^,\r\n\{.*\}$/);
  expect(pieces[2]).toMatch(/^,\r\n\{.*\}\]$/);
});
