import fc from "fast-check";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { type ArbitraryAnswer, anyAnswer } from "../../test/support/answer-arbitrary.ts";
import { createMessagesWriter, writeMessages } from "../anthropic/write-messages.ts";
import {
  createGeminiArrayWriter,
  createGeminiWriter,
  writeGemini,
} from "../gemini/write-gemini.ts";
import { createChatWriter, writeChat } from "../openai-chat/write-chat.ts";
import { createResponsesWriter, writeResponses } from "../openai-responses/write-responses.ts";
import type { AnswerNames, StreamWriter, WriteWhole } from "./hub.ts";

// biome-ignore lint/suspicious/noExplicitAny: test reads JSON of four dialects
type Json = any;

const names: AnswerNames = {
  id: "a-b",
  model: "some-model",
  created: 1_760_000_000,
  startedAt: 0,
  request: {},
};

/** The second at which every answer of this file is written. */
const writtenAt = names.created + 5;

// Two answers of one check may be written in different seconds, and `completed_at` would differ.
beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: writtenAt * 1000 }));
afterEach(() => void vi.useRealTimers());

function streamed(
  create: (names: AnswerNames) => StreamWriter,
  { parts }: ArbitraryAnswer,
): string {
  const writer = create(names);
  return parts.map((part) => writer.write(part)).join("");
}

/** The data of the events, each of which must be whole and alone. */
function eventsOf(text: string): Json[] {
  if (text !== "") expect(text.endsWith("\n\n")).toBe(true);
  return text
    .split("\n\n")
    .slice(0, -1)
    .map((event) => {
      const lines = event.split(/[\n\r\u2028\u2029\u0085]/);
      const data = lines.at(-1)?.slice("data: ".length) ?? "";
      if (data === "[DONE]") return "[DONE]";
      const json = JSON.parse(data);
      if (lines.length > 1) expect(lines).toEqual([`event: ${json.type}`, `data: ${data}`]);
      return json;
    });
}

function whole(write: WriteWhole, answer: ArbitraryAnswer): Json {
  return JSON.parse(JSON.stringify(write(answer.whole, names)));
}

function agrees(read: (answer: ArbitraryAnswer) => [streamed: Json, whole: Json]): void {
  fc.assert(
    fc.property(anyAnswer, (answer) => {
      const [one, other] = read(answer);
      expect(one).toEqual(other);
    }),
    { numRuns: 300 },
  );
}

function assembleChat(events: Json[]): Json {
  expect(events.at(-1)).toBe("[DONE]");
  // A delta says no refusal; a whole message must.
  const message: Json = { role: "assistant", content: "", refusal: null };
  let end: Json = {};
  let usage: Json;
  for (const chunk of events.slice(0, -1)) {
    expect(chunk).toMatchObject({ id: "a-b", object: "chat.completion.chunk" });
    if (chunk.choices.length === 0) usage = chunk.usage;
    for (const { delta, finish_reason } of chunk.choices) {
      if (finish_reason !== null) end = { finish_reason };
      message.content += delta.content ?? "";
      if (delta.reasoning_content) {
        message.reasoning_content = (message.reasoning_content ?? "") + delta.reasoning_content;
      }
      for (const { index, function: told, ...rest } of delta.tool_calls ?? []) {
        message.tool_calls ??= [];
        message.tool_calls[index] ??= { ...rest, function: { name: told.name, arguments: "" } };
        message.tool_calls[index].function.arguments += told.arguments;
      }
    }
  }
  if (message.content === "" && message.tool_calls) message.content = null;
  return { message, ...end, ...(usage === undefined ? {} : { usage }) };
}

it("chat: a stream and a whole answer agree", () => {
  agrees((answer) => {
    const { choices, usage } = whole(writeChat, answer);
    const { index: _i, logprobs: _l, ...choice } = choices[0];
    const told = usage === undefined ? choice : { ...choice, usage };
    return [assembleChat(eventsOf(streamed(createChatWriter, answer))), told];
  });
});

function assembleMessage(events: Json[]): Json {
  expect(events[0].type).toBe("message_start");
  expect(events.at(-1)).toEqual({ type: "message_stop" });
  const { message } = events[0];
  let open: Json = null;
  let args = "";
  for (const event of events.slice(1, -1)) {
    if (event.type === "content_block_start") {
      expect(open).toBe(null);
      expect(event.index).toBe(message.content.length);
      open = event.content_block;
      args = "";
    } else if (event.type === "content_block_stop") {
      expect(event.index).toBe(message.content.length);
      if (open.type === "tool_use") open.input = JSON.parse(args);
      message.content.push(open);
      open = null;
    } else if (event.type === "content_block_delta") {
      expect(event.index).toBe(message.content.length);
      const { type: _t, partial_json, ...delta } = event.delta;
      args += partial_json ?? "";
      for (const name in delta) open[name] += delta[name];
    } else {
      expect(event.type).toBe("message_delta");
      Object.assign(message, event.delta, { usage: event.usage });
    }
  }
  expect(open).toBe(null);
  return message;
}

it("messages: a stream has one open block at a time, and agrees with a whole answer", () => {
  agrees((answer) => [
    assembleMessage(eventsOf(streamed(createMessagesWriter, answer))),
    whole(writeMessages, answer),
  ]);
});

/** Puts the items together from their deltas; each must be what its own end says. */
function assembleItems(events: Json[]): Json[] {
  const items: Json[] = [];
  const said = new Map<string, string>();
  events.forEach((event, at) => {
    expect(event.sequence_number).toBe(at);
    if (event.type === "response.output_item.added") {
      expect(event.output_index).toBe(items.length);
      items.push(event.item);
    } else if (event.type.endsWith(".delta")) {
      expect(event.item_id).toBe(items[event.output_index].id);
      said.set(event.item_id, (said.get(event.item_id) ?? "") + event.delta);
    } else if (event.type === "response.output_item.done") {
      const { item } = event;
      expect(item.id).toBe(items[event.output_index].id);
      const part = (item.content ?? item.summary)?.[0];
      expect(item.arguments ?? part?.text ?? "").toBe(said.get(item.id) ?? "");
      items[event.output_index] = item;
    }
  });
  return items;
}

it("responses: the items of a stream are those of its end and of a whole answer", () => {
  agrees((answer) => {
    const events = eventsOf(streamed(createResponsesWriter, answer));
    expect(events.slice(0, 2).map(({ type }) => type)).toEqual([
      "response.created",
      "response.in_progress",
    ]);
    const { type, response } = events.at(-1);
    expect(type).toBe(`response.${response.status}`);
    expect(response.completed_at).toBe(response.status === "completed" ? writtenAt : null);
    expect(assembleItems(events)).toEqual(response.output);
    return [response, whole(writeResponses, answer)];
  });
});

/**
 * Texts of one kind in a row are one; the calls stand apart: their order among texts may differ.
 */
function joined(chunks: Json[]): Json {
  const texts: Json[] = [];
  const calls: Json[] = [];
  for (const part of chunks.flatMap(({ candidates }) => candidates[0].content.parts)) {
    const last = texts.at(-1);
    if (part.functionCall) calls.push(part);
    else if (last !== undefined && last.thought === part.thought) {
      Object.assign(last, part, { text: last.text + part.text });
    } else if (part.text !== "" || part.thoughtSignature) texts.push(part);
  }
  const { candidates, ...rest } = chunks.at(-1);
  return { texts, calls, finishReason: candidates[0].finishReason, rest };
}

it("gemini: a stream and a whole answer agree", () => {
  agrees((answer) => [
    joined(eventsOf(streamed(createGeminiWriter, answer))),
    joined([whole(writeGemini, answer)]),
  ]);
});

it("gemini: the array has the same chunks as the events", () => {
  agrees((answer) => [
    JSON.parse(streamed(createGeminiArrayWriter, answer)),
    eventsOf(streamed(createGeminiWriter, answer)),
  ]);
});
