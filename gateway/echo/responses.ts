import { randomUUID } from "node:crypto";
import { responseObject } from "../dialects/openai-responses/response-object.ts";
import type { JsonObject } from "../json-object.ts";
import { type EchoCall, formatNamedEvent } from "./call.ts";
import { type Conversation, promptTokens, readConversation } from "./conversation.ts";
import { modelOf, readTokenLimit } from "./fields.ts";
import { makeReply } from "./reply.ts";
import { type EchoResponse, responseEvents } from "./response-events.ts";

/** `POST /v1/responses`, OpenAI's newer dialect. Nothing is stored: `store` changes nothing. */
export async function answerResponses(call: EchoCall): Promise<void> {
  const { body, tokenizer, signal } = call;
  const conversation = inputConversation(call);
  const maxTokens = readTokenLimit(body, "max_output_tokens");
  const options = { maxTokens, stop: [], choices: 1 };
  const said = await makeReply(conversation.lastUser, options, tokenizer, signal);
  const input = await promptTokens(conversation, tokenizer, signal);
  const part = { type: "output_text", text: said.text, annotations: [], logprobs: [] };
  const status = said.end === "length" ? "incomplete" : "completed";
  const item = {
    id: `msg_${randomUUID().replaceAll("-", "")}`,
    type: "message",
    status,
    role: "assistant",
    content: [part],
  };
  const now = Math.floor(Date.now() / 1000);
  const head = {
    id: `resp_${randomUUID().replaceAll("-", "")}`,
    created: now,
    model: modelOf(body),
    status,
    request: body,
  } as const;
  const told = {
    incomplete_details: said.end === "length" ? { reason: "max_output_tokens" } : null,
    output: [item],
    usage: {
      input_tokens: input,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: said.tokens,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: input + said.tokens,
    },
  };
  const response: EchoResponse = { ...responseObject(head, told), status };
  if (body.stream !== true) {
    await call.json(response, said.tokens);
    return;
  }
  await call.stream(named(responseEvents(response, item, part, call.spoken(said))));
}

/** Numbers and names the events, as this dialect needs. */
async function* named(
  events: AsyncIterable<JsonObject & { type: string }>,
): AsyncGenerator<string> {
  let number = 0;
  for await (const event of events) yield formatNamedEvent({ ...event, sequence_number: number++ });
}

/** The conversation in a request's `input` and `instructions`; also for `…/input_tokens`. */
export function inputConversation({ body }: EchoCall): Conversation {
  const { input, instructions } = body;
  const items = typeof input === "string" ? [{ role: "user", content: input }] : input;
  return readConversation(items, "input", instructions);
}
