import type { Call } from "./call.ts";
import { conversationOf, promptTokens } from "./conversation.ts";
import { wrongField } from "./fields.ts";
import { inputConversation } from "./responses.ts";
import { spell } from "./text-inputs.ts";

/** `POST /v1/chat/completions/input_tokens`. */
export async function chatInputTokens(call: Call): Promise<void> {
  const conversation = conversationOf(call.body.messages, "messages", null);
  const input = await promptTokens(conversation, call.tokenizer, call.signal);
  await call.json({ object: "response.input_tokens", input_tokens: input });
}

/** `POST /v1/responses/input_tokens`. */
export async function responsesInputTokens(call: Call): Promise<void> {
  const input = await promptTokens(inputConversation(call), call.tokenizer, call.signal);
  await call.json({ object: "response.input_tokens", input_tokens: input });
}

/** `POST /v1/tokenize`, as llama-server has it: `content` → `tokens`. */
export async function tokenize(call: Call): Promise<void> {
  const { content } = call.body;
  if (typeof content !== "string") throw wrongField("content", "a string");
  await call.json({ tokens: await call.tokenizer.encode(content, call.signal) });
}

/** `POST /v1/detokenize`, as llama-server has it: `tokens` → `content`. */
export async function detokenize(call: Call): Promise<void> {
  const { tokens } = call.body;
  if (!Array.isArray(tokens) || !tokens.every((id) => Number.isInteger(id))) {
    throw wrongField("tokens", "a list of integers");
  }
  await call.json({ content: spell(tokens, call.tokenizer) });
}
