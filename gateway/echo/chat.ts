import { randomUUID } from "node:crypto";
import { type EchoCall, formatDataEvent } from "./call.ts";
import { promptTokens, readConversation } from "./conversation.ts";
import { modelOf, readChoices, readStops, readTokenLimit, wantsUsage } from "./fields.ts";
import { openaiUsage } from "./openai-usage.ts";
import { type EchoReply, makeReply } from "./reply.ts";

type Head = { id: string; created: number; model: string };

/** `POST /v1/chat/completions`. */
export async function answerChat(call: EchoCall): Promise<void> {
  const { body, tokenizer, signal } = call;
  const conversation = readConversation(body.messages, "messages", null);
  const maxTokens = readTokenLimit(body, "max_completion_tokens", "max_tokens");
  const n = readChoices(body);
  const options = { maxTokens, stop: readStops(body, "stop"), choices: n };
  const said = await makeReply(conversation.lastUser, options, tokenizer, signal);
  const input = await promptTokens(conversation, tokenizer, signal);
  const usage = openaiUsage(input, said.tokens * n);
  const head = {
    id: `chatcmpl-${randomUUID()}`,
    created: Math.floor(Date.now() / 1000),
    model: modelOf(body),
  };
  if (body.stream === true) {
    await call.stream(chunks(call, head, said, n, wantsUsage(body) ? usage : null));
    return;
  }
  const choices = Array.from({ length: n }, (_, index) => ({
    index,
    message: { role: "assistant", content: said.text, refusal: null },
    logprobs: null,
    finish_reason: said.end,
  }));
  await call.json({ ...head, object: "chat.completion", choices, usage }, said.tokens);
}

async function* chunks(
  call: EchoCall,
  head: Head,
  said: EchoReply,
  n: number,
  usage: unknown,
): AsyncGenerator<string> {
  const shared = { id: head.id, object: "chat.completion.chunk", created: head.created };
  const chunk = (index: number, delta: unknown, finish: string | null): string =>
    formatDataEvent({
      ...shared,
      model: head.model,
      choices: [{ index, delta, logprobs: null, finish_reason: finish }],
    });
  for (let i = 0; i < n; i++) yield chunk(i, { role: "assistant", content: "" }, null);
  for await (const piece of call.spoken(said)) {
    for (let i = 0; i < n; i++) yield chunk(i, { content: piece.text }, null);
  }
  for (let i = 0; i < n; i++) yield chunk(i, {}, said.end);
  if (usage !== null) yield formatDataEvent({ ...shared, model: head.model, choices: [], usage });
  yield "data: [DONE]\n\n";
}
