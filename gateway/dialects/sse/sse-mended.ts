import { isJsonObject } from "../../json-object.ts";
import { withMarkedNumbers } from "../hub/exact-answers.ts";
import type { TargetName } from "../hub/target.ts";
import { parseExact } from "../json/exact-json.ts";
import { mendedChat } from "../openai-chat/mended-chat.ts";
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

function markedEvent(event: string): string {
  const data = eventData(event);
  const text = asText(data);
  const marked = withMarkedNumbers(text);
  return marked === text ? event : withData(event, marked);
}

/** An event of each API as the hub takes it. Latin1 text, one character a byte. */
export const menders: Readonly<Record<TargetName, (event: string) => string>> = {
  openai: mendedChunk,
  anthropic: markedEvent,
  google: markedEvent,
  responses: (event) => event,
};

/** A whole JSON answer as the hub takes it. */
export function mendedWhole(body: Buffer, target: TargetName): Buffer {
  if (target === "responses") return body;
  const text = body.toString();
  if (target !== "openai") return Buffer.from(withMarkedNumbers(text));
  const answer = exactOrNull(text);
  // An embedding is no chat.
  if (!isJsonObject(answer) || !Array.isArray(answer.choices)) return body;
  return Buffer.from(JSON.stringify(mendedChat(answer, "whole")));
}
