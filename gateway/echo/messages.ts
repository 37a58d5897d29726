import { randomUUID } from "node:crypto";
import { type EchoCall, formatNamedEvent } from "./call.ts";
import { type Conversation, promptTokens, readConversation } from "./conversation.ts";
import { modelOf, readStops, readTokenLimit } from "./fields.ts";
import { type EchoReply, makeReply } from "./reply.ts";

/** `POST /v1/messages`, Anthropic's dialect. */
export async function answerMessages(call: EchoCall): Promise<void> {
  const { body, tokenizer, signal } = call;
  const conversation = messagesConversation(call);
  const maxTokens = readTokenLimit(body, "max_tokens");
  const options = { maxTokens, stop: readStops(body, "stop_sequences"), choices: 1 };
  const said = await makeReply(conversation.lastUser, options, tokenizer, signal);
  const usage = {
    input_tokens: await promptTokens(conversation, tokenizer, signal),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
    output_tokens: said.tokens,
  };
  const message = {
    id: `msg_${randomUUID().replaceAll("-", "")}`,
    type: "message",
    role: "assistant",
    model: modelOf(body),
    content: [{ type: "text", text: said.text }],
    ...ending(said),
    usage,
  };
  if (body.stream === true) await call.stream(events(call, message, said));
  else await call.json(message, said.tokens);
}

/** `POST /v1/messages/count_tokens`: the `input_tokens` that the same request would have. */
export async function countMessages(call: EchoCall): Promise<void> {
  const conversation = messagesConversation(call);
  const input = await promptTokens(conversation, call.tokenizer, call.signal);
  await call.json({ input_tokens: input });
}

function messagesConversation({ body }: EchoCall): Conversation {
  return readConversation(body.messages, "messages", body.system);
}

function ending(said: EchoReply): { stop_reason: string; stop_sequence: string | null } {
  if (said.end === "length") return { stop_reason: "max_tokens", stop_sequence: null };
  const stop_reason = said.stopped === null ? "end_turn" : "stop_sequence";
  return { stop_reason, stop_sequence: said.stopped };
}

async function* events(
  call: EchoCall,
  message: { usage: { output_tokens: number } },
  said: EchoReply,
): AsyncGenerator<string> {
  const begun = {
    ...message,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...message.usage, output_tokens: 0 },
  };
  const block = { index: 0 };
  yield formatNamedEvent({ type: "message_start", message: begun });
  const empty = { type: "text", text: "" };
  yield formatNamedEvent({ type: "content_block_start", ...block, content_block: empty });
  for await (const piece of call.spoken(said)) {
    const delta = { type: "text_delta", text: piece.text };
    yield formatNamedEvent({ type: "content_block_delta", ...block, delta });
  }
  yield formatNamedEvent({ type: "content_block_stop", ...block });
  const { usage } = message;
  yield formatNamedEvent({ type: "message_delta", delta: ending(said), usage });
  yield formatNamedEvent({ type: "message_stop" });
}
