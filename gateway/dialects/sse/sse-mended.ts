import { isJsonObject, type JsonObject, jsonOrNull } from "../../json-object.ts";
import {
  eventsOfMessage,
  isMendable,
  isOfMessages,
  mendedEvent,
  mendedMessage,
} from "../anthropic/mended-messages.ts";
import { withMarkedNumbers } from "../hub/exact-answers.ts";
import type { TargetName } from "../hub/target.ts";
import { parseExact } from "../json/exact-json.ts";
import { chunkOfChat, mendedChat } from "../openai-chat/mended-chat.ts";
import { eventData } from "./event-data.ts";

const asText = (data: string): string => Buffer.from(data, "latin1").toString();

/** The event with other data; its name stays. */
function withData(event: string, data: string): string {
  const name = /^event:.*\r?\n/.exec(event)?.[0] ?? "";
  return `${name}data: ${Buffer.from(data).toString("latin1")}\n\n`;
}

/** A chunk as the hub takes it. What is no JSON object stays: it is an error there. */
function mendedChunk(event: string): string {
  const data = eventData(event);
  if (!data.startsWith("{")) return event;
  const chunk = exactOrNull(asText(data));
  return isJsonObject(chunk) ? withData(event, JSON.stringify(mendedChat(chunk, "chunk"))) : event;
}

/** The numbers in arguments that are an object stay what they are. */
function exactOrNull(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return null;
  }
}

function markedEvent(event: string, mended = withMarkedNumbers): string {
  const text = asText(eventData(event));
  const marked = mended(text);
  return marked === text ? event : withData(event, marked);
}

/** Google's Code Assist, and proxies of it, put each answer into a field: `{"response":{…}}`. */
function unwrapped(answer: JsonObject): JsonObject {
  return isJsonObject(answer.response) && !("candidates" in answer) ? answer.response : answer;
}

function mendedGemini(text: string): string {
  const marked = withMarkedNumbers(text);
  const value = /"response"\s*:\s*\{/.test(marked) ? jsonOrNull(marked) : null;
  if (!isJsonObject(value)) return marked;
  const inner = unwrapped(value);
  return inner === value ? marked : JSON.stringify(inner);
}

/** The deltas, which are most events, stay as they came. */
function mendedMessages(event: string): string {
  const data = eventData(event);
  if (data.startsWith("{") && !isOfMessages(data)) return "";
  if (!data.startsWith("{") || !isMendable(data)) return markedEvent(event);
  const piece = jsonOrNull(withMarkedNumbers(asText(data)));
  if (!isJsonObject(piece)) return event;
  return mendedEvent(piece)
    .map((one) => withData(`event: ${one.type}\n`, JSON.stringify(one)))
    .join("");
}

/** An event of each API as the hub takes it. Latin1 text, one character a byte. */
export const menders: Readonly<Record<TargetName, (event: string) => string>> = {
  openai: mendedChunk,
  anthropic: mendedMessages,
  google: (event) => markedEvent(event, mendedGemini),
  responses: (event) => event,
};

/** What the data of one event says, as latin1 text, mended as the hub takes it. */
export function mendedPieces(data: string, target: TargetName): JsonObject[] {
  const value = exactOrNull(asText(data));
  if (!isJsonObject(value)) return [];
  if (target === "openai") return [mendedChat(value, "chunk")];
  if (target === "google") return [unwrapped(value)];
  return target === "anthropic" ? mendedEvent(value) : [value];
}

/** A whole JSON answer as the hub takes it. */
export function mendedWhole(body: Buffer, target: TargetName): Buffer {
  if (target === "responses") return body;
  const text = body.toString();
  if (target === "google") return Buffer.from(mendedGemini(text));
  if (target === "anthropic") return mendedMessageText(text);
  const answer = exactOrNull(text);
  // An embedding is no chat.
  if (!isJsonObject(answer) || !Array.isArray(answer.choices)) return body;
  return Buffer.from(JSON.stringify(mendedChat(answer, "whole")));
}

function mendedMessageText(text: string): Buffer {
  const marked = withMarkedNumbers(text);
  const message = jsonOrNull(marked);
  return Buffer.from(isJsonObject(message) ? JSON.stringify(mendedMessage(message)) : marked);
}

/** A whole answer to a request for a stream, as the events of one; null if that cannot be. */
export function eventsOfWhole(body: Buffer, target: TargetName): string | null {
  const value = exactOrNull(withMarkedNumbers(body.toString()));
  // Gemini's stream is a list, if nobody asks for events.
  const list = target === "google" && Array.isArray(value) ? value : [value];
  const events = list.filter(isJsonObject).flatMap((one) => wholeEvents[target](one) ?? []);
  if (events.length === 0) return null;
  const end = target === "openai" ? "data: [DONE]\n\n" : "";
  return events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join("") + end;
}

const wholeEvents: Readonly<Record<TargetName, (answer: JsonObject) => JsonObject[] | null>> = {
  openai: (answer) => [chunkOfChat(answer)],
  anthropic: eventsOfMessage,
  google: (answer) => [unwrapped(answer)],
  responses: () => null,
};
