import { isJsonObject, jsonOrNull } from "../../json-object.ts";
import { withMarkedNumbers } from "../hub/exact-answers.ts";
import type { TargetName } from "../hub/target.ts";
import { isOdd, mendedChat } from "../openai-chat/mended-chat.ts";
import { eventData } from "./event-data.ts";

const asText = (data: string): string => Buffer.from(data, "latin1").toString();

/** The event with other data; its name stays. */
function withData(event: string, data: string): string {
  const name = /^event:.*\r?\n/.exec(event)?.[0] ?? "";
  return `${name}data: ${Buffer.from(data).toString("latin1")}\n\n`;
}

/** What a chunk may have that the hub fails at: no choices, a number as id, another choice. */
const odd = /"id"\s*:\s*\d|"index"\s*:\s*[1-9]/;

/**
 * A chunk as the hub takes it. Without `choices` (a usage alone) it would lose the usage; a second
 * choice, which nobody asked for, would be mixed into the first.
 */
function mendedChunk(event: string): string {
  const data = eventData(event);
  if (!data.startsWith("{")) return event;
  if (/"choices"\s*:\s*\[/.test(data) && !odd.test(data)) return event;
  const chunk = jsonOrNull(asText(data));
  if (!isJsonObject(chunk)) return event;
  const { choices, id } = chunk;
  const list: unknown[] = Array.isArray(choices) ? choices : [];
  const first = list.filter((one) => !isJsonObject(one) || !(Number(one.index) > 0));
  const isNumber = typeof id === "number";
  if (Array.isArray(choices) && first.length === list.length && !isNumber) return event;
  const named = isNumber ? { id: String(id) } : {};
  return withData(event, JSON.stringify({ ...chunk, ...named, choices: first }));
}

/** A chunk with its usage at the top, and the arguments of its calls as text. */
function writtenChunk(event: string): string {
  const data = eventData(event);
  if (!data.startsWith("{") || !isOdd(data)) return event;
  const chunk = jsonOrNull(asText(data));
  return isJsonObject(chunk) ? withData(event, JSON.stringify(mendedChat(chunk))) : event;
}

function markedEvent(event: string): string {
  const data = eventData(event);
  const text = asText(data);
  const marked = withMarkedNumbers(text);
  return marked === text ? event : withData(event, marked);
}

/** An event of each API as the hub takes it. Latin1 text, one character a byte. */
export const menders: Readonly<Record<TargetName, (event: string) => string>> = {
  openai: (event) => mendedChunk(writtenChunk(event)),
  anthropic: markedEvent,
  google: markedEvent,
  responses: (event) => event,
};

/** A whole JSON answer as the hub takes it. */
export function mendedWhole(body: Buffer, target: TargetName): Buffer {
  if (target === "responses") return body;
  const text = body.toString();
  if (target !== "openai") return Buffer.from(withMarkedNumbers(text));
  const head =
    /^\s*\{[^{[]*?"id"\s*:\s*\d/.test(text) || /"id"\s*:\s*\d+\s*[,}]/.test(text.slice(-200));
  const answer = head ? jsonOrNull(text) : null;
  if (!isJsonObject(answer) || typeof answer.id !== "number") return body;
  return Buffer.from(JSON.stringify({ ...answer, id: String(answer.id) }));
}
