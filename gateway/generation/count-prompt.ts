import { modelAt } from "./destination.ts";
import type { RoadParts } from "./parts.ts";
import type { Accepted } from "./reserve.ts";

/**
 * The tokens of a prompt, by a tokenizer that knows its model; null where none is at hand, or it
 * takes too long. Asked only for those whose limits depend on it. Never rejects.
 */
export async function countPrompt(
  { tokens }: Pick<RoadParts, "tokens">,
  { exchange, asked, destination }: Pick<Accepted, "exchange" | "asked" | "destination">,
): Promise<number | null> {
  const { body, fields } = asked;
  if (!Buffer.isBuffer(body)) return null;
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
