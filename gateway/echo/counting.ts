import type { EchoCall } from "./call.ts";
import { promptTokens, readConversation } from "./conversation.ts";
import { wrongField } from "./fields.ts";
import { inputConversation } from "./responses.ts";
import { spellTokens } from "./text-inputs.ts";

/** `POST /v1/chat/completions/input_tokens`. */
export async function countChatInput(call: EchoCall): Promise<void> {
  const conversation = readConversation(call.body.messages, "messages", null);
  const input = await promptTokens(conversation, call.tokenizer, call.signal);
  await call.json({ object: "response.input_tokens", input_tokens: input });
}

/** `POST /v1/responses/input_tokens`. */
export async function countResponsesInput(call: EchoCall): Promise<void> {
  const input = await promptTokens(inputConversation(call), call.tokenizer, call.signal);
  await call.json({ object: "response.input_tokens", input_tokens: input });
}

/** `POST /v1/tokenize`, as in llama-server: `content` → `tokens`. */
export async function answerTokenize(call: EchoCall): Promise<void> {
  const { content } = call.body;
  if (typeof content !== "string") throw wrongField("content", "a string");
  await call.json({ tokens: await call.tokenizer.encode(content, call.signal) });
}

/** `POST /v1/detokenize`, as in llama-server: `tokens` → `content`. */
export async function answerDetokenize(call: EchoCall): Promise<void> {
  const { tokens } = call.body;
  if (!Array.isArray(tokens) || !tokens.every((id) => Number.isInteger(id))) {
    throw wrongField("tokens", "a list of integers");
  }
  await call.json({ content: spellTokens(tokens, call.tokenizer) });
}
