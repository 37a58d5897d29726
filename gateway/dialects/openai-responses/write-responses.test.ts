import type { LanguageModelV4StreamPart as StreamPart } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { isErrorEvent } from "../sse/event-scan.ts";
import { responses } from "./responses.ts";
import { createResponsesWriter } from "./write-responses.ts";

const { isLast, generated } = responses.events;
const carriesToken = (event: string): boolean => generated(event) !== "";

const names = { id: "r1", model: "m", created: 7, startedAt: 0, request: {} };
const usage = {
  inputTokens: { total: 5, noCache: 3, cacheRead: 2, cacheWrite: undefined },
  outputTokens: { total: 4, text: 1, reasoning: 3 },
};
const stop: StreamPart = { type: "finish", usage, finishReason: { unified: "stop", raw: "stop" } };

function texts(...parts: StreamPart[]): string[] {
  const writer = createResponsesWriter(names);
  const text = parts.map((part) => writer.write(part)).join("");
  return text.split("\n\n").slice(0, -1);
}

function events(...parts: StreamPart[]): Record<string, unknown>[] {
  return texts(...parts).map((event) => JSON.parse(event.split("\ndata: ")[1] ?? ""));
}

describe("a responses stream", () => {
  const parts: StreamPart[] = [
    { type: "reasoning-start", id: "0" },
    { type: "reasoning-delta", id: "0", delta: "Hm" },
    {
      type: "reasoning-delta",
      id: "0",
      delta: "",
      providerMetadata: { anthropic: { signature: "sig" } },
    },
    { type: "reasoning-end", id: "0" },
    { type: "text-start", id: "1" },
    { type: "text-delta", id: "1", delta: "Hi" },
    { type: "text-end", id: "1" },
    { type: "tool-input-start", id: "call_1", toolName: "f" },
    { type: "tool-input-delta", id: "call_1", delta: "{}" },
    { type: "tool-call", toolCallId: "call_1", toolName: "f", input: "{}" },
    stop,
  ];

  it("has OpenAI's events in OpenAI's order, numbered", () => {
    const all = events(...parts);
    expect(all.map(({ sequence_number }) => sequence_number)).toEqual(all.map((_, at) => at));
    expect(all.map(({ type }) => String(type).replace("response.", ""))).toEqual([
      "created",
      "in_progress",
      "output_item.added",
      "reasoning_summary_part.added",
      "reasoning_summary_text.delta",
      "reasoning_summary_text.done",
      "reasoning_summary_part.done",
      "output_item.done",
      "output_item.added",
      "content_part.added",
      "output_text.delta",
      "output_text.done",
      "content_part.done",
      "output_item.done",
      "output_item.added",
      "function_call_arguments.delta",
      "function_call_arguments.done",
      "output_item.done",
      "completed",
    ]);
  });

  it("places every delta in its item", () => {
    const all = events(...parts);
    expect(all[4]).toEqual({
      type: "response.reasoning_summary_text.delta",
      sequence_number: 4,
      item_id: "rs_r1_0",
      output_index: 0,
      summary_index: 0,
      delta: "Hm",
    });
    expect(all[10]).toEqual({
      type: "response.output_text.delta",
      sequence_number: 10,
      item_id: "msg_r1_1",
      output_index: 1,
      content_index: 0,
      delta: "Hi",
      logprobs: [],
    });
    expect(all[16]).toMatchObject({ item_id: "fc_r1_2", output_index: 2, arguments: "{}" });
  });

  it("ends with the whole response", () => {
    expect(events(...parts).at(-1)).toMatchObject({
      type: "response.completed",
      response: {
        id: "resp_r1",
        object: "response",
        created_at: 7,
        status: "completed",
        model: "m",
        output: [
          {
            id: "rs_r1_0",
            type: "reasoning",
            summary: [{ type: "summary_text", text: "Hm" }],
            encrypted_content: "sig",
          },
          {
            id: "msg_r1_1",
            type: "message",
            status: "completed",
            role: "assistant",
            content: [{ type: "output_text", text: "Hi", annotations: [] }],
          },
          {
            id: "fc_r1_2",
            type: "function_call",
            status: "completed",
            call_id: "call_1",
            name: "f",
            arguments: "{}",
          },
        ],
        usage: {
          input_tokens: 5,
          input_tokens_details: { cached_tokens: 2, cache_write_tokens: 0 },
          output_tokens: 4,
          output_tokens_details: { reasoning_tokens: 3 },
          total_tokens: 9,
        },
      },
    });
  });

  it("is told apart as the gateway tells events apart", () => {
    const all = texts(...parts);
    expect(all.filter((event) => isLast(event))).toEqual([all.at(-1)]);
    expect(all.filter((event) => carriesToken(event)).length).toBe(3);
    expect(all.some(isErrorEvent)).toBe(false);
  });

  it.each([
    ["length", "max_output_tokens"],
    ["content-filter", "content_filter"],
  ] as const)("that ended with %s is incomplete: %s", (unified, reason) => {
    const end: StreamPart = { ...stop, finishReason: { unified, raw: undefined } };
    expect(events(end).at(-1)).toMatchObject({
      type: "response.incomplete",
      response: { status: "incomplete", incomplete_details: { reason }, output: [] },
    });
  });

  it("leaves out what is redacted, and its index with it", () => {
    const redacted: StreamPart = {
      type: "reasoning-start",
      id: "0",
      providerMetadata: { anthropic: { redactedData: "xyz" } },
    };
    const all = events(redacted, { type: "text-delta", id: "1", delta: "Hi" }, stop);
    expect(all[2]).toMatchObject({ type: "response.output_item.added", output_index: 0 });
    expect(JSON.stringify(all)).not.toContain("xyz");
  });
});
