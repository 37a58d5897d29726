import { randomUUID } from "node:crypto";
import { type EchoCall, formatDataEvent } from "./call.ts";
import {
  modelOf,
  readChoices,
  readStops,
  readTokenLimit,
  wantsUsage,
  wrongField,
} from "./fields.ts";
import { openaiUsage } from "./openai-usage.ts";
import { type EchoReply, makeReply } from "./reply.ts";
import { readTexts } from "./text-inputs.ts";

type Head = { id: string; object: string; created: number; model: string };

/** `POST /v1/completions`: `n` choices for each prompt, in the order of the prompts. */
export async function answerCompletions(call: EchoCall): Promise<void> {
  const { body, tokenizer, signal } = call;
  const prompts = readTexts(body.prompt, "prompt", tokenizer);
  const n = readChoices(body);
  const choices = prompts.length * n;
  if (choices > 128) throw wrongField("prompt", "at most 128 choices with n");
  const maxTokens = readTokenLimit(body, "max_tokens");
  const options = { maxTokens, stop: readStops(body, "stop"), choices };
  const replies: EchoReply[] = [];
  let input = 0;
  for (const prompt of prompts) {
    const said = await makeReply(prompt, options, tokenizer, signal);
    input += await tokenizer.count(prompt, signal);
    for (let i = 0; i < n; i++) replies.push(said);
  }
  const usage = openaiUsage(
    input,
    replies.reduce((sum, said) => sum + said.tokens, 0),
  );
  const head = {
    id: `cmpl-${randomUUID()}`,
    object: "text_completion",
    created: Math.floor(Date.now() / 1000),
    model: modelOf(body),
  };
  if (body.stream === true) {
    await call.stream(chunks(call, head, replies, wantsUsage(body) ? usage : null));
    return;
  }
  const longest = Math.max(0, ...replies.map((said) => said.tokens));
  const told = replies.map((said, index) => choice(index, said.text, said.end));
  await call.json({ ...head, choices: told, usage }, longest);
}

function choice(index: number, text: string, finish: string | null): unknown {
  return { text, index, logprobs: null, finish_reason: finish };
}

async function* chunks(
  call: EchoCall,
  head: Head,
  replies: readonly EchoReply[],
  usage: unknown,
): AsyncGenerator<string> {
  for (const [index, said] of replies.entries()) {
    for await (const piece of call.spoken(said)) {
      yield formatDataEvent({ ...head, choices: [choice(index, piece.text, null)] });
    }
    yield formatDataEvent({ ...head, choices: [choice(index, "", said.end)] });
  }
  if (usage !== null) yield formatDataEvent({ ...head, choices: [], usage });
  yield "data: [DONE]\n\n";
}
