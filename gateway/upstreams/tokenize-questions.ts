import { type DialectName, dialects } from "../dialects/all.ts";
import { parseObject } from "../dialects/json/json-body.ts";
import { withModel } from "../dialects/json/json-edit.ts";

/** A question to an upstream, and how its answer tells the tokens. */
export type Question = { readonly path: string; readonly body: Buffer };

/** A prompt to be counted where it will be read. */
export type Counted = {
  /** As the upstream knows it; null: as the body says. */
  readonly model: string | null;
  readonly body: Buffer;
  readonly dialect: DialectName;
};

/** A model that is not loaded is not loaded for this: that would throw out one that is at work. */
const quiet = "?autoload=false";

/** The body with the upstream's own name for the model. */
export function named({ body, model }: Counted): Buffer {
  return model === null ? body : withModel(body, model);
}

/** llama.cpp: the request itself, to be counted. Null where there is no such way. */
export function countQuestion(ask: Counted): Question | null {
  const path = dialects[ask.dialect].prompt.llamaCountPath;
  return path === null ? null : { path: path + quiet, body: named(ask) };
}

/** llama.cpp before it counted: the conversation, to be made one text. */
export function templateQuestion(ask: Counted): Question | null {
  if (!dialects[ask.dialect].prompt.isTemplated) return null;
  return { path: `/apply-template${quiet}`, body: named(ask) };
}

/** llama.cpp: a text, to be taken apart, with what stands before every prompt. */
export function textQuestion(content: string, model: string | null): Question {
  const asked = { content, add_special: true, parse_special: true };
  return { path: `/tokenize${quiet}`, body: jsonOf(model === null ? asked : { ...asked, model }) };
}

/** The one text of a request that is no conversation; null if it has none or several. */
export function plainText({ dialect, body }: Counted): string | null {
  const { textField } = dialects[dialect].prompt;
  if (textField === null) return null;
  const value = parseObject(body)[textField];
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return typeof only === "string" ? only : null;
}

/** vLLM: a conversation with its tools, or a text. */
export function vllmQuestion(ask: Counted): Question | null {
  const { model: asked, messages, tools, chat_template_kwargs } = parseObject(ask.body);
  const model = ask.model ?? asked;
  if (dialects[ask.dialect].prompt.isTemplated) {
    return { path: "/tokenize", body: jsonOf({ model, messages, tools, chat_template_kwargs }) };
  }
  const prompt = plainText(ask);
  return prompt === null ? null : { path: "/tokenize", body: jsonOf({ model, prompt }) };
}

const jsonOf = (value: object): Buffer => Buffer.from(JSON.stringify(value));
