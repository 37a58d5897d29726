import { wrongField } from "./fields.ts";
import type { Tokenizer } from "./tokenizer.ts";

/** The most texts in one request, as OpenAI's embeddings have it. */
const mostInputs = 2048;

/**
 * The texts of a `prompt` or `input`: a string, a list of strings, token ids, or lists of token
 * ids. Throws a 400 that names `param` for anything else.
 */
export function readTexts(value: unknown, param: string, tokenizer: Tokenizer): string[] {
  if (typeof value === "string") return [value];
  if (isIds(value)) return [spellTokens(value, tokenizer)];
  if (!Array.isArray(value) || value.length > mostInputs) throw wrongInput(param);
  return value.map((input: unknown) => {
    if (typeof input === "string") return input;
    if (isIds(input)) return spellTokens(input, tokenizer);
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
export function spellTokens(ids: readonly number[], tokenizer: Tokenizer): string {
  let text = "";
  for (const piece of tokenizer.pieces(ids)) text += piece.text;
  return text;
}
