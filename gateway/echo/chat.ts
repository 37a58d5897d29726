import { randomUUID } from "node:crypto";
import { type Call, dataEvent } from "./call.ts";
import { conversationOf, promptTokens } from "./conversation.ts";
import { choicesOf, modelOf, stopsOf, tokenLimit, wantsUsage } from "./fields.ts";
import { openaiUsage } from "./openai-usage.ts";
import { type Reply, reply } from "./reply.ts";

type Head = { id: string; created: number; model: string };

/** `POST /v1/chat/completions`. */
export async function chat(call: Call): Promise<void> {
  const { body, tokenizer, signal } = call;
  const conversation = conversationOf(body.messages, "messages", null);
  const maxTokens = tokenLimit(body, "max_completion_tokens", "max_tokens");
  const n = choicesOf(body);
  const options = { maxTokens, stop: stopsOf(body, "stop"), choices: n };
  const said = await reply(conversation.lastUser, options, tokenizer, signal);
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
  call: Call,
  head: Head,
  said: Reply,
  n: number,
  usage: unknown,
): AsyncGenerator<string> {
  const shared = { id: head.id, object: "chat.completion.chunk", created: head.created };
  // Where usage is asked for, every chunk before the last has it as null (OpenAI's reference).
  const rest = usage === null ? {} : { usage: null };
  const chunk = (index: number, delta: unknown, finish: string | null): string =>
    dataEvent({
      ...shared,
      model: head.model,
      choices: [{ index, delta, logprobs: null, finish_reason: finish }],
      ...rest,
    });
  for (let i = 0; i < n; i++) yield chunk(i, { role: "assistant", content: "" }, null);
  for await (const piece of call.spoken(said)) {
    for (let i = 0; i < n; i++) yield chunk(i, { content: piece.text }, null);
  }
  for (let i = 0; i < n; i++) yield chunk(i, {}, said.end);
  if (usage !== null) yield dataEvent({ ...shared, model: head.model, choices: [], usage });
  yield "data: [DONE]\n\n";
}
