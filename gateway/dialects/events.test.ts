import { describe, expect, it } from "vitest";
import { recordedEvents } from "../test/fixtures/recorded.ts";
import { type DialectName, dialects } from "./all.ts";
import { isOnlyUsage, withoutNullUsage } from "./openai/openai-events.ts";
import { isErrorEvent } from "./sse/event-scan.ts";

const eventsOf = (dialect: DialectName) => dialects[dialect].events;

const carriesToken = (dialect: DialectName, event: string): boolean =>
  eventsOf(dialect).generated(event) !== "";

/** The same event as Python servers write it: a space after each colon and comma. */
function spaced(event: string): string {
  const start = event.indexOf("{");
  if (start < 0) return event;
  const json = JSON.stringify(JSON.parse(event.slice(start)), null, 1);
  return `${event.slice(0, start)}${json.replace(/\n\s*/g, " ")}\n\n`;
}

function crlf(event: string): string {
  return event.replaceAll("\n", "\r\n");
}

const forms: [string, (event: string) => string][] = [
  ["as recorded", (event) => event],
  ["with spaces", spaced],
  ["with CRLF", crlf],
  ["without the blank line", (event) => event.trimEnd()],
];

describe.each(forms)("events %s", (_, form) => {
  it.each<[string, DialectName, number, number]>([
    ["chat-stream", "chat", 5, 1],
    ["chat-stream-usage", "chat", 5, 1],
    ["chat-stream-progress", "chat", 3, 6],
    ["chat-stream-n2-usage", "chat", 8, 2],
    ["completions-stream", "completions", 5, 1],
    ["messages-stream", "messages", 5, 2],
    ["responses-stream", "responses", 5, 1],
  ])("of %s are told apart", (name, dialect, tokens, withUsage) => {
    const events = recordedEvents(name).map(form);
    const last = events.filter((event) => eventsOf(dialect).isLast(event));
    expect(last).toEqual([events.at(-1)]);
    expect(events.filter((event) => carriesToken(dialect, event)).length).toBe(tokens);
    expect(events.filter((event) => eventsOf(dialect).carriesUsage(event)).length).toBe(withUsage);
    expect(events.filter(isErrorEvent)).toEqual([]);
  });

  it("know the usage chunk that has no choices", () => {
    const only = recordedEvents("chat-stream-usage").map(form).filter(isOnlyUsage);
    expect(only.length).toBe(1);
    expect(recordedEvents("completions-stream").map(form).filter(isOnlyUsage)).toEqual([]);
    expect(recordedEvents("chat-stream").map(form).filter(isOnlyUsage)).toEqual([]);
  });
});

function chunk(delta: unknown): string {
  return `data: ${JSON.stringify({ choices: [{ index: 0, delta }], usage: null })}\n\n`;
}

describe("carriesToken", () => {
  it.each([
    { content: "a" },
    { content: '"' },
    { content: null, reasoning_content: "a" },
    { reasoning: "a" },
    { refusal: "no" },
    { tool_calls: [{ index: 0, function: { arguments: '{"' } }] },
  ])("is true for the delta %j", (delta) => {
    expect(carriesToken("chat", chunk(delta))).toBe(true);
    expect(carriesToken("chat", spaced(chunk(delta)))).toBe(true);
  });

  it.each([
    {},
    { role: "assistant" },
    { role: "assistant", content: "" },
    { content: null },
    { tool_calls: [{ index: 0, function: { name: "f", arguments: "" } }] },
  ])("is false for the delta %j", (delta) => {
    expect(carriesToken("chat", chunk(delta))).toBe(false);
    expect(carriesToken("chat", spaced(chunk(delta)))).toBe(false);
  });

  it("looks past the logprobs, whose content is a list", () => {
    const logprobs = { content: [{ token: "a", bytes: [97] }] };
    const event = { choices: [{ logprobs, delta: { content: "a" } }] };
    expect(carriesToken("chat", `data: ${JSON.stringify(event)}\n\n`)).toBe(true);
  });

  it.each([
    ["text_delta", { text: "a" }, true],
    ["thinking_delta", { thinking: "a" }, true],
    ["input_json_delta", { partial_json: "{" }, true],
    ["input_json_delta", { partial_json: "" }, false],
    ["signature_delta", { signature: "abc" }, false],
  ])("judges a messages %s %j: %s", (type, fields, expected) => {
    const data = { type: "content_block_delta", index: 0, delta: { type, ...fields } };
    const event = `event: content_block_delta\ndata: ${JSON.stringify(data)}\n\n`;
    expect(carriesToken("messages", event)).toBe(expected);
  });

  it("is false for a ping, a comment and the end", () => {
    for (const event of [": keep-alive\n\n", "data: [DONE]\n\n", ":\n\n"]) {
      expect(carriesToken("chat", event)).toBe(false);
    }
    expect(carriesToken("messages", 'event: ping\ndata: {"type":"ping"}\n\n')).toBe(false);
  });
});

describe("what a model says misleads nobody", () => {
  const words = [
    "[DONE]",
    "data: [DONE]",
    "\ndata: [DONE]\n\n",
    '"usage":{"prompt_tokens":1}',
    '"timings":{',
    '"error":{"message":"x"}',
    '"choices":[]',
    '"type":"message_stop"',
    "usage",
    "error",
    "message_stop",
    "response.completed",
  ];
  it.each(words)("%j", (text) => {
    const chat = chunk({ content: text });
    const messages = `data: ${JSON.stringify({ type: "content_block_delta", delta: { text } })}\n\n`;
    const responses = `event: response.output_text.delta\ndata: ${JSON.stringify({ delta: text })}\n\n`;
    for (const [event, dialect] of [
      [chat, "chat"],
      [messages, "messages"],
      [responses, "responses"],
    ] as const) {
      for (const form of [event, spaced(event)]) {
        expect(eventsOf(dialect).isLast(form)).toBe(false);
        expect(eventsOf(dialect).carriesUsage(form)).toBe(false);
        expect(isErrorEvent(form)).toBe(false);
        expect(isOnlyUsage(form)).toBe(false);
        expect(carriesToken(dialect, form)).toBe(true);
      }
    }
  });
});

describe("isErrorEvent", () => {
  it.each([
    'data: {"error":{"message":"x","code":500}}\n\n',
    'data: {"error": "x"}\n\n',
    'data: {"id":"1","choices":[],"error":{"code":502}}\n\n',
    'event: error\ndata: {"type":"error","error":{}}\n\n',
    "event:error\ndata: {}\n\n",
    'error: {"code":500}\n\n',
  ])("is true for %j", (event) => {
    expect(isErrorEvent(event)).toBe(true);
  });

  it.each([
    'data: {"error":null,"choices":[]}\n\n',
    'event: response.completed\ndata: {"response":{"error":null}}\n\n',
    'data: {"response":{"error": null,"x":"error"}}\n\n',
    "event: errors\ndata: {}\n\n",
    ": error\n\n",
  ])("is false for %j", (event) => {
    expect(isErrorEvent(event)).toBe(false);
  });
});

describe("isLast", () => {
  it.each<[string, DialectName, boolean]>([
    ["data:[DONE]\n\n", "chat", true],
    [": comment\ndata: [DONE]\n\n", "chat", true],
    ["event: done\ndata: [DONE]\n\n", "openai", true],
    ["data: [DONE]", "completions", true],
    ['data: {"type":"message_stop"}\n\n', "messages", true],
    ["event: response.incomplete\ndata: {}\n\n", "responses", true],
    ["event: response.failed\ndata: {}\n\n", "responses", true],
    ['data: {"type": "response.completed"}\n\n', "responses", true],
    ["data: [DONE]\n\n", "responses", false],
    ["event: response.completed_not\ndata: {}\n\n", "responses", false],
    ["data: [DONE]\n\n", "gemini", false],
    ["event: message_delta\ndata: {}\n\n", "messages", false],
  ])("of %j in %s is %s", (event, dialect, expected) => {
    expect(eventsOf(dialect).isLast(event)).toBe(expected);
  });
});

describe("an event that says null for usage", () => {
  it.each([
    ['data: {"id":"a","choices":[],"usage":null}\n\n', 'data: {"id":"a","choices":[]}\n\n'],
    ['data: {"usage":null,"id":"a"}\n\n', 'data: {"id":"a"}\n\n'],
    ['data: {"id":"a" , "usage" : null , "b":1}\n\n', 'data: {"id":"a" , "b":1}\n\n'],
    ['data: {"usage":null}\n\n', "data: {}\n\n"],
    ['data: {"a":"\\"usage\\":null{","usage":null}\n\n', 'data: {"a":"\\"usage\\":null{"}\n\n'],
  ])("loses that field and nothing else: %s", (event, clean) => {
    expect(withoutNullUsage(event)).toBe(clean);
  });

  it.each([
    'data: {"choices":[{"usage":null}]}\n\n',
    'data: {"choices":[],"usage":{"a":null}}\n\n',
    'data: {"choices":[{"delta":{"content":"\\"usage\\":null"}}]}\n\n',
    "data: [DONE]\n\n",
    ": usage\n\n",
  ])("is left alone where it says none: %s", (event) => {
    expect(withoutNullUsage(event)).toBe(event);
  });
});

it("the end of a stream is known without a failed parse, which costs as much as eight events", () => {
  const { parse } = JSON;
  let parses = 0;
  JSON.parse = (text: string) => {
    parses += 1;
    return parse(text);
  };
  try {
    expect(isErrorEvent("data: [DONE]\n\n")).toBe(false);
  } finally {
    JSON.parse = parse;
  }
  expect(parses).toBe(0);
});
