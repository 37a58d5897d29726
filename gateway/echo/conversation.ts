import { isJsonObject, type JsonObject } from "../json-object.ts";

import { wrongField } from "./fields.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The texts of a request in any dialect: all of them, and the one that is echoed. */
export type Conversation = { texts: readonly string[]; lastUser: string };

/** The tokens that a chat template adds to each message. */
const messageOverhead = 4;

/** Reads a list of messages. `system` is the text before them. */
export function readConversation(messages: unknown, param: string, system: unknown): Conversation {
  if (!Array.isArray(messages)) throw wrongField(param, "a list of messages");
  const texts = system === undefined || system === null ? [] : [textOf(system)];
  let lastUser = "";
  messages.forEach((message: unknown, index) => {
    if (!isJsonObject(message)) throw wrongField(`${param}[${index}]`, "an object");
    const text = textOf(message.content);
    texts.push(text);
    if (message.role === "user") lastUser = text;
  });
  return { texts, lastUser };
}

/** The tokens of a conversation. Usage and every counting endpoint give this number. */
export async function promptTokens(
  conversation: Conversation,
  tokenizer: Tokenizer,
  signal: AbortSignal,
): Promise<number> {
  let total = 0;
  for (const text of conversation.texts) {
    total += messageOverhead + (await tokenizer.count(text, signal));
  }
  return total;
}

/** Content is a string or a list of parts. Only parts with a text count. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter((part: unknown): part is JsonObject => isJsonObject(part))
    .map((part) => part.text)
    .filter((text) => typeof text === "string")
    .join("");
}
