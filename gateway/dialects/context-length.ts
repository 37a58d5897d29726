import { isJsonObject, type JsonObject } from "../json-object.ts";

/** The fields of vLLM, OpenRouter, Groq, LM Studio, Anthropic and Gemini. */
const lengthFields = [
  "max_model_len",
  "context_length",
  "context_window",
  "max_context_length",
  "max_input_tokens",
  "inputTokenLimit",
];

/** True for a number of tokens. */
export const isLength = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value > 0;

/**
 * The tokens of a model's context, as its server lists the model; null if the server does not say.
 * llama-server runs with `n_ctx`, which can be less than the `n_ctx_train` of the model.
 */
export function contextLengthIn(listed: JsonObject): number | null {
  const meta = isJsonObject(listed.meta) ? listed.meta : {};
  const lengths = [meta.n_ctx, ...lengthFields.map((name) => listed[name]), meta.n_ctx_train];
  return lengths.find(isLength) ?? null;
}
