import type { Members } from "./call.ts";
import { isMembers, wrongField } from "./fields.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** What a request says, whatever its dialect: all texts, and the one that is echoed. */
export type Conversation = { texts: readonly string[]; lastUser: string };

/** What a chat template spends on each message besides its text, in tokens. */
const messageOverhead = 4;

/** The conversation in a list of messages; `system` is the text that stands before them. */
export function conversationOf(messages: unknown, param: string, system: unknown): Conversation {
  if (!Array.isArray(messages)) throw wrongField(param, "a list of messages");
  const texts = system === undefined || system === null ? [] : [textOf(system)];
  let lastUser = "";
  messages.forEach((message: unknown, index) => {
    if (!isMembers(message)) throw wrongField(`${param}[${index}]`, "an object");
    const text = textOf(message.content);
    texts.push(text);
    if (message.role === "user") lastUser = text;
  });
  return { texts, lastUser };
}

/** The tokens of a conversation, as usage and every counting endpoint tell them. */
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

/** Content is a string, or parts of which the texts count; images and the like are passed over. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content
    .filter((part: unknown): part is Members => isMembers(part))
    .map((part) => part.text)
    .filter((text) => typeof text === "string")
    .join("");
}
