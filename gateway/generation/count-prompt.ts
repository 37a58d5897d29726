import type { TokenCounter } from "../limits/token-counter.ts";
import { modelAt } from "../upstreams/destination.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import type { Accepted } from "./reserve.ts";

export type CountPromptParts = { tokens: Pick<TokenCounter<Upstream>, "count"> };

/**
 * Counts the tokens of a prompt with a tokenizer that knows the model. Null if there is none, or if
 * it takes too long. Only for users with limits that depend on tokens. Never rejects.
 */
export async function countPrompt(
  { tokens }: CountPromptParts,
  { exchange, request, destination }: Pick<Accepted, "exchange" | "request" | "destination">,
): Promise<number | null> {
  const { body, fields } = request;
  if (!request.parsed || !Buffer.isBuffer(body)) return null;
  const { upstream } = destination.first;
  const model = modelAt(destination, upstream) ?? fields.model;
  return tokens.count({
    model,
    body,
    dialect: exchange.dialect,
    chars: fields.inputChars,
    upstream,
  });
}
