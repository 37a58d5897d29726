import { wrongField } from "./fields.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** No more texts in one request than this, as OpenAI has it for embeddings. */
const mostInputs = 2048;

/**
 * The texts of a `prompt` or `input`: a string, a list of strings, token ids, or lists of token
 * ids. Throws a 400 that names `param` for anything else.
 */
export function textInputs(value: unknown, param: string, tokenizer: Tokenizer): string[] {
  if (typeof value === "string") return [value];
  if (isIds(value)) return [spell(value, tokenizer)];
  if (!Array.isArray(value) || value.length > mostInputs) throw wrongInput(param);
  return value.map((input: unknown) => {
    if (typeof input === "string") return input;
    if (isIds(input)) return spell(input, tokenizer);
    throw wrongInput(param);
  });
}

function wrongInput(param: string): Error {
  return wrongField(param, `a string, token ids, or a list of up to ${mostInputs} of these`);
}

function isIds(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((id) => Number.isInteger(id));
}

/** The text of token ids. */
export function spell(ids: readonly number[], tokenizer: Tokenizer): string {
  let text = "";
  for (const piece of tokenizer.pieces(ids)) text += piece.text;
  return text;
}
