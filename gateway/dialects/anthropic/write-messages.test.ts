import type { LanguageModelV4StreamPart as StreamPart } from "@ai-sdk/provider";
import { describe, expect, it } from "vitest";
import { messages } from "./messages.ts";
import { createMessagesWriter, writeMessages } from "./write-messages.ts";

const { isLast, generated } = messages.events;
const carriesToken = (event: string): boolean => generated(event) !== "";

const names = { id: "r1", model: "m", created: 7, startedAt: 0, request: {} };
const usage = {
  inputTokens: { total: 100, noCache: 60, cacheRead: 30, cacheWrite: 10 },
  outputTokens: { total: 4, text: 1, reasoning: 3 },
};
const stop: StreamPart = { type: "finish", usage, finishReason: { unified: "stop", raw: "stop" } };
const told = {
  input_tokens: 60,
  cache_creation_input_tokens: 10,
  cache_read_input_tokens: 30,
  output_tokens: 4,
};

function texts(...parts: StreamPart[]): string[] {
  const writer = createMessagesWriter(names);
  return parts.map((part) => writer.write(part));
}

/** Each event as `type`, its index, and what it brings. */
function events(...parts: StreamPart[]): unknown[] {
  return texts(...parts)
    .join("")
    .split("\n\n")
    .slice(0, -1)
    .map((event) => JSON.parse(event.split("\ndata: ")[1] ?? ""));
}

/** One line for each event of a block. */
function lines(...parts: StreamPart[]): string[] {
  return (events(...parts) as Record<string, never>[])
    .filter(({ type }) => String(type).startsWith("content_block"))
    .map(({ type, index, content_block: block, delta }) => {
      const { type: kind, ...rest } = (block ?? delta ?? {}) as Record<string, unknown>;
      return [index, String(type).slice(14), kind ?? "", ...Object.values(rest)]
        .map((one) => (typeof one === "object" ? JSON.stringify(one) : one))
        .join(" ")
        .trimEnd();
    });
}

const start = (id: string): StreamPart => ({ type: "tool-input-start", id, toolName: "f" });
const input = (id: string, delta: string): StreamPart => ({ type: "tool-input-delta", id, delta });
const call = (id: string, json: string): StreamPart => ({
  type: "tool-call",
  toolCallId: id,
  toolName: "f",
  input: json,
});
const say = (id: string, delta: string): StreamPart => ({ type: "text-delta", id, delta });

describe("a messages stream", () => {
  it("has named events, and all of the input's numbers at the end", () => {
    const written = texts(say("0", "Hi"), { type: "text-end", id: "0" }, stop);
    expect(written[0]).toMatch(/^event: message_start\ndata: \{"type":"message_start",/);
    expect(events(say("0", "Hi"), stop)).toEqual([
      {
        type: "message_start",
        message: {
          id: "msg_r1",
          type: "message",
          role: "assistant",
          model: "m",
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: {
            input_tokens: 0,
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: 0,
            output_tokens: 0,
          },
        },
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hi" } },
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: told,
      },
      { type: "message_stop" },
    ]);
    const delta = written[0]!.split("\n\n").at(-2) ?? "";
    expect(carriesToken(delta)).toBe(true);
    expect(isLast(written.at(-1)!.split("\n\n").at(-2) ?? "")).toBe(true);
  });

  it("tells at its start the numbers that the upstream told at its own", () => {
    const early: StreamPart = {
      type: "custom",
      kind: "anthropic.message_start",
      providerMetadata: { anthropic: { usage: { input_tokens: 9, output_tokens: 1 } } },
    };
    expect(events(early, say("0", "Hi"), stop)[0]).toMatchObject({
      message: { usage: { input_tokens: 9, cache_read_input_tokens: 0, output_tokens: 1 } },
    });
  });

  it("ends a block when another kind begins, and begins again after it", () => {
    expect(
      lines(say("t", "a"), start("x"), input("x", "{}"), say("t", "b"), call("x", "{}"), stop),
    ).toEqual([
      "0 start text",
      "0 delta text_delta a",
      "0 stop",
      "1 start tool_use x f {}",
      "1 delta input_json_delta {}",
      "1 stop",
      "2 start text",
      "2 delta text_delta b",
      "2 stop",
    ]);
  });

  it("holds a call that begins inside another, and no longer than that", () => {
    const parts = [
      start("x"),
      input("x", '{"a":'),
      start("y"),
      input("y", '{"b"'),
      input("x", "1}"),
    ];
    expect(lines(...parts)).toEqual([
      "0 start tool_use x f {}",
      '0 delta input_json_delta {"a":',
      "0 delta input_json_delta 1}",
      "0 stop",
      "1 start tool_use y f {}",
      '1 delta input_json_delta {"b"',
    ]);
    expect(lines(...parts, input("y", ":2}"), call("x", ""), call("y", ""), stop).slice(6)).toEqual(
      ["1 delta input_json_delta :2}", "1 stop"],
    );
  });

  it("passes sequential calls on at once, though their ends come last", () => {
    const writer = createMessagesWriter(names);
    const parts = [start("x"), input("x", "{}"), start("y"), input("y", "{}")];
    expect(parts.map((part) => writer.write(part) !== "")).toEqual([true, true, true, true]);
  });

  it("signs a thought before its end, and keeps what is redacted", () => {
    const signed = { anthropic: { signature: "sig" } };
    expect(
      lines(
        { type: "reasoning-start", id: "0" },
        { type: "reasoning-delta", id: "0", delta: "Hm" },
        { type: "reasoning-delta", id: "0", delta: "", providerMetadata: signed },
        { type: "reasoning-end", id: "0" },
        {
          type: "reasoning-start",
          id: "1",
          providerMetadata: { anthropic: { redactedData: "xyz" } },
        },
        { type: "reasoning-end", id: "1" },
        stop,
      ),
    ).toEqual([
      "0 start thinking",
      "0 delta thinking_delta Hm",
      "0 delta signature_delta sig",
      "0 stop",
      "1 start redacted_thinking xyz",
      "1 stop",
    ]);
  });

  it.each([
    ["length", "max_tokens"],
    ["content-filter", "refusal"],
    ["tool-calls", "end_turn"],
    ["other", "end_turn"],
  ] as const)("that ended with %s says %s where there was no call", (unified, reason) => {
    const end: StreamPart = { ...stop, finishReason: { unified, raw: undefined } };
    expect(events(end).at(-2)).toMatchObject({ delta: { stop_reason: reason } });
  });

  it("says tool_use where there was a call, and names a stop sequence that was hit", () => {
    const providerMetadata = { anthropic: { stopSequence: "END" } };
    expect(events(call("x", "{}"), stop).at(-2)).toMatchObject({
      delta: { stop_reason: "tool_use", stop_sequence: null },
    });
    expect(events({ ...stop, providerMetadata }).at(-2)).toMatchObject({
      delta: { stop_reason: "stop_sequence", stop_sequence: "END" },
    });
  });
});

it("a whole message keeps arguments that are no JSON as they came", () => {
  const content = [
    { type: "tool-call" as const, toolCallId: "x", toolName: "f", input: '{"a":' },
    { type: "text" as const, text: "" },
  ];
  const finishReason = { unified: "length" as const, raw: undefined };
  expect(writeMessages({ content, finishReason, usage, warnings: [] }, names)).toMatchObject({
    id: "msg_r1",
    content: [{ type: "tool_use", id: "x", name: "f", input: '{"a":' }],
    stop_reason: "max_tokens",
    usage: told,
  });
});
