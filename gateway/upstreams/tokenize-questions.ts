import { parseObject } from "../dialects/json/json-body.ts";
import { withModel } from "../dialects/json/json-edit.ts";
import type { Dialect } from "../exchange.ts";

/** A question to an upstream, and how its answer tells the tokens. */
export type Question = { readonly path: string; readonly body: Buffer };

/** A prompt to be counted where it will be read. */
export type Counted = {
  /** As the upstream knows it; null: as the body says. */
  readonly model: string | null;
  readonly body: Buffer;
  readonly dialect: Dialect;
};

/** Where llama.cpp counts a request as it is, its template and tools included. */
const countingPaths: Readonly<Partial<Record<Dialect, string>>> = {
  chat: "/v1/chat/completions/input_tokens",
  responses: "/v1/responses/input_tokens",
  messages: "/v1/messages/count_tokens",
};

/** A model that is not loaded is not loaded for this: that would throw out one that is at work. */
const quiet = "?autoload=false";

/** The body with the upstream's own name for the model. */
export function named({ body, model }: Counted): Buffer {
  return model === null ? body : withModel(body, model);
}

/** llama.cpp: the request itself, to be counted. Null where there is no such way. */
export function countQuestion(ask: Counted): Question | null {
  const path = countingPaths[ask.dialect];
  return path === undefined ? null : { path: path + quiet, body: named(ask) };
}

/** llama.cpp before it counted: the conversation, to be made one text. */
export function templateQuestion(ask: Counted): Question | null {
  return ask.dialect === "chat" ? { path: `/apply-template${quiet}`, body: named(ask) } : null;
}

/** llama.cpp: a text, to be taken apart, with what stands before every prompt. */
export function textQuestion(content: string, model: string | null): Question {
  const asked = { content, add_special: true, parse_special: true };
  return { path: `/tokenize${quiet}`, body: jsonOf(model === null ? asked : { ...asked, model }) };
}

/** The one text of a request that is no conversation; null where it has none or several. */
export function plainText({ dialect, body }: Counted): string | null {
  if (dialect !== "completions" && dialect !== "embeddings") return null;
  const { prompt, input } = parseObject(body);
  const value = dialect === "completions" ? prompt : input;
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof only === "string" ? only : null;
}

/** vLLM: a conversation with its tools, or a text. */
export function vllmQuestion(ask: Counted): Question | null {
  const { model: asked, messages, tools, chat_template_kwargs } = parseObject(ask.body);
  const model = ask.model ?? asked;
  if (ask.dialect === "chat") {
    return { path: "/tokenize", body: jsonOf({ model, messages, tools, chat_template_kwargs }) };
  }
  const prompt = plainText(ask);
  return prompt === null ? null : { path: "/tokenize", body: jsonOf({ model, prompt }) };
}

const jsonOf = (value: object): Buffer => Buffer.from(JSON.stringify(value));
