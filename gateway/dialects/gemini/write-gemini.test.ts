import type { LanguageModelV4StreamPart as StreamPart } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { createGeminiWriter, writeGemini } from "./write-gemini.ts";

const names = { id: "r1", model: "m", created: 7, startedAt: 0, request: {} };
const usage = {
  inputTokens: { total: 5, noCache: 3, cacheRead: 2, cacheWrite: undefined },
  outputTokens: { total: 4, text: 1, reasoning: 3 },
};
const stop: StreamPart = { type: "finish", usage, finishReason: { unified: "stop", raw: "stop" } };

function chunks(...parts: StreamPart[]): unknown[] {
  const writer = createGeminiWriter(names);
  const text = parts.map((part) => writer.write(part)).join("");
  return text
    .split("\n\n")
    .slice(0, -1)
    .map((event) => JSON.parse(event.slice("data: ".length)));
}

/** The parts of all chunks but the last. */
function parts(...hub: StreamPart[]): unknown[] {
  const told = chunks(...hub) as { candidates: [{ content: { parts: unknown[] } }] }[];
  return told.slice(0, -1).flatMap(({ candidates }) => candidates[0].content.parts);
}

function call(input: string, thoughtSignature?: string): StreamPart {
  const providerMetadata = { google: { thoughtSignature: thoughtSignature ?? "" } };
  return { type: "tool-call", toolCallId: "c", toolName: "f", input, providerMetadata };
}

describe("a gemini stream", () => {
  it("tells reason and usage in its last chunk, without an event for its end", () => {
    expect(chunks({ type: "text-delta", id: "0", delta: "Hi" }, stop)).toEqual([
      {
        candidates: [{ content: { role: "model", parts: [{ text: "Hi" }] }, index: 0 }],
        modelVersion: "m",
        responseId: "r1",
      },
      {
        candidates: [
          { content: { role: "model", parts: [{ text: "" }] }, finishReason: "STOP", index: 0 },
        ],
        usageMetadata: {
          promptTokenCount: 5,
          candidatesTokenCount: 1,
          totalTokenCount: 9,
          thoughtsTokenCount: 3,
          cachedContentTokenCount: 2,
        },
        modelVersion: "m",
        responseId: "r1",
      },
    ]);
  });

  it("gives thoughts and their proofs", () => {
    const thoughtSignature = "c2ln";
    expect(
      parts(
        { type: "reasoning-delta", id: "0", delta: "Hm" },
        {
          type: "reasoning-delta",
          id: "0",
          delta: "",
          providerMetadata: { anthropic: { signature: thoughtSignature } },
        },
        {
          type: "text-delta",
          id: "1",
          delta: "",
          providerMetadata: { google: { thoughtSignature } },
        },
        stop,
      ),
    ).toEqual([
      { text: "Hm", thought: true },
      { text: "", thought: true, thoughtSignature },
      { text: "", thoughtSignature },
    ]);
  });

  it("gives a call whole, with its proof", () => {
    expect(
      parts(
        { type: "tool-input-start", id: "c", toolName: "f" },
        { type: "tool-input-delta", id: "c", delta: '{"a":1}' },
        call('{"a":1}', "c2ln"),
        stop,
      ),
    ).toEqual([{ functionCall: { id: "c", name: "f", args: { a: 1 } }, thoughtSignature: "c2ln" }]);
    expect(parts(call(""), stop)).toEqual([{ functionCall: { id: "c", name: "f", args: {} } }]);
  });

  it.each([
    ["stop", "STOP"],
    ["tool-calls", "STOP"],
    ["length", "MAX_TOKENS"],
    ["content-filter", "SAFETY"],
    ["other", "OTHER"],
  ] as const)("that ended with %s says %s", (unified, finishReason) => {
    const end: StreamPart = { ...stop, finishReason: { unified, raw: undefined } };
    expect(chunks(end)).toMatchObject([{ candidates: [{ finishReason }] }]);
  });

  it("says of a call whose arguments are no object that it is malformed", () => {
    expect(chunks(call("[1]"), stop)).toMatchObject([
      { candidates: [{ finishReason: "MALFORMED_FUNCTION_CALL" }] },
    ]);
    const content = [{ type: "tool-call" as const, toolCallId: "c", toolName: "f", input: '{"a' }];
    const finishReason = { unified: "length" as const, raw: undefined };
    expect(writeGemini({ content, finishReason, usage, warnings: [] }, names)).toMatchObject({
      candidates: [{ finishReason: "MAX_TOKENS", content: { parts: [{ text: "" }] } }],
    });
  });
});
