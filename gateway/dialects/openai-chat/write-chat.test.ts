import type { LanguageModelV4StreamPart as StreamPart } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { isOnlyUsage } from "../openai/openai-events.ts";
import { isErrorEvent } from "../sse/event-scan.ts";
import { chat } from "./chat.ts";
import { createChatWriter, writeChat } from "./write-chat.ts";

const { isLast, generated } = chat.events;
const carriesToken = (event: string): boolean => generated(event) !== "";

const names = { id: "r1", model: "m", created: 7, startedAt: 0, request: {} };
const usage = {
  inputTokens: { total: 5, noCache: 3, cacheRead: 2, cacheWrite: undefined },
  outputTokens: { total: 4, text: 1, reasoning: 3 },
};
const unknown = {
  inputTokens: {
    total: undefined,
    noCache: undefined,
    cacheRead: undefined,
    cacheWrite: undefined,
  },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined },
};
const stop: StreamPart = { type: "finish", usage, finishReason: { unified: "stop", raw: "stop" } };

function events(...parts: StreamPart[]): string[] {
  const writer = createChatWriter(names);
  const text = parts.map((part) => writer.write(part)).join("");
  return text.split("\n\n").slice(0, -1);
}

function deltas(...parts: StreamPart[]): unknown[] {
  return events(...parts)
    .filter((event) => event.includes('"delta"'))
    .map((event) => JSON.parse(event.slice(6)).choices[0].delta);
}

describe("a chat stream", () => {
  const head = 'data: {"id":"r1","object":"chat.completion.chunk","created":7,"model":"m",';

  it("has a beginning, what is said, a finish, the usage, and [DONE]", () => {
    const all = events(
      { type: "stream-start", warnings: [] },
      { type: "text-delta", id: "0", delta: "Hi" },
      stop,
    );
    const choice = (delta: string, reason = "null") =>
      `${head}"choices":[{"index":0,"delta":${delta},"finish_reason":${reason}}]}`;
    expect(all).toEqual([
      choice('{"role":"assistant","content":""}'),
      choice('{"content":"Hi"}'),
      choice("{}", '"stop"'),
      `${head}"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":4,"total_tokens":9,"prompt_tokens_details":{"cached_tokens":2},"completion_tokens_details":{"reasoning_tokens":3}}}`,
      "data: [DONE]",
    ]);
    expect(all.map(isOnlyUsage)).toEqual([false, false, false, true, false]);
    expect(all.map((one) => carriesToken(one))).toEqual([false, true, false, false, false]);
    expect(isLast(all[4]!)).toBe(true);
    expect(all.some(isErrorEvent)).toBe(false);
  });

  it("begins only when something is said: until then it can still be refused", () => {
    const writer = createChatWriter(names);
    const parts: StreamPart[] = [
      { type: "stream-start", warnings: [] },
      { type: "response-metadata", id: "x" },
      { type: "text-start", id: "0" },
      { type: "text-delta", id: "0", delta: "" },
    ];
    expect(parts.map((part) => writer.write(part)).join("")).toBe("");
  });

  it("tells thoughts as reasoning_content, and not their signature", () => {
    const providerMetadata = { anthropic: { signature: "s" } };
    expect(
      deltas(
        { type: "reasoning-delta", id: "0", delta: "Hm" },
        { type: "reasoning-delta", id: "0", delta: "", providerMetadata },
        stop,
      ),
    ).toEqual([{ role: "assistant", content: "" }, { reasoning_content: "Hm" }, {}]);
  });

  it("gives every call its index, and does not write twice what was streamed", () => {
    const call = (id: string, input: string): StreamPart => ({
      type: "tool-call",
      toolCallId: id,
      toolName: "f",
      input,
    });
    const said = deltas(
      { type: "tool-input-start", id: "a", toolName: "f" },
      { type: "tool-input-start", id: "b", toolName: "f" },
      { type: "tool-input-delta", id: "a", delta: "{}" },
      call("a", "{}"),
      call("b", ""),
      call("c", '{"x":1}'),
      stop,
    );
    const begun = (index: number, id: string, text: string) => ({
      tool_calls: [{ index, id, type: "function", function: { name: "f", arguments: text } }],
    });
    expect(said.slice(1)).toEqual([
      begun(0, "a", ""),
      begun(1, "b", ""),
      { tool_calls: [{ index: 0, function: { arguments: "{}" } }] },
      { tool_calls: [{ index: 1, function: { arguments: "{}" } }] },
      begun(2, "c", '{"x":1}'),
      {},
    ]);
  });

  it("finishes with tool_calls where there was a call, whatever the upstream says", () => {
    const call: StreamPart = { type: "tool-call", toolCallId: "a", toolName: "f", input: "{}" };
    expect(events(call, stop).at(-3)).toContain('"finish_reason":"tool_calls"');
    expect(events({ ...call, providerExecuted: true }, stop).at(-3)).toContain('"stop"');
  });

  it("cites the sources that have a URL", () => {
    const source: StreamPart = { type: "source", sourceType: "url", id: "1", url: "https://a.b" };
    const citation = { start_index: 0, end_index: 0, url: "https://a.b", title: "https://a.b" };
    expect(deltas(source, { type: "text-delta", id: "0", delta: "x" }, stop).at(-2)).toEqual({
      annotations: [{ type: "url_citation", url_citation: citation }],
    });
  });

  it("has no zeros for a usage that the upstream did not tell", () => {
    const end: StreamPart = { ...stop, usage: unknown };
    expect(events(end).some(isOnlyUsage)).toBe(false);
  });
});

describe("a whole chat answer", () => {
  it("has null for content where there are only calls", () => {
    const finishReason = { unified: "stop" as const, raw: "stop" };
    const call = { type: "tool-call" as const, toolCallId: "a", toolName: "f", input: "" };
    expect(writeChat({ content: [call], finishReason, usage, warnings: [] }, names)).toMatchObject({
      id: "r1",
      object: "chat.completion",
      choices: [
        {
          message: {
            content: null,
            tool_calls: [{ id: "a", type: "function", function: { name: "f", arguments: "{}" } }],
          },
          finish_reason: "tool_calls",
        },
      ],
    });
  });
});
