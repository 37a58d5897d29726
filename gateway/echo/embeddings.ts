import type { Call } from "./call.ts";
import { modelOf, wrongField } from "./fields.ts";
import { textInputs } from "./text-inputs.ts";
import { wordsOf } from "./words.ts";

/** No more numbers in an answer than this: they are written in one stretch. */
const mostNumbers = 1_000_000;

/** `POST /v1/embeddings`, as floats or, as the official client asks for them, in base64. */
export async function embeddings(call: Call): Promise<void> {
  const { body, tokenizer, signal } = call;
  const inputs = textInputs(body.input, "input", tokenizer);
  const dimensions = body.dimensions ?? 64;
  if (!Number.isInteger(dimensions) || Number(dimensions) < 1 || Number(dimensions) > 4096) {
    throw wrongField("dimensions", "an integer from 1 to 4096");
  }
  if (inputs.length * Number(dimensions) > mostNumbers) {
    throw wrongField("dimensions", `at most ${mostNumbers} numbers over all inputs`);
  }
  let tokens = 0;
  for (const input of inputs) tokens += await tokenizer.count(input, signal);
  const data = inputs.map((input, index) => {
    const vector = vectorOf(input, Number(dimensions));
    const embedding =
      body.encoding_format === "base64"
        ? Buffer.from(vector.buffer).toString("base64")
        : Array.from(vector);
    return { object: "embedding", index, embedding };
  });
  const usage = { prompt_tokens: tokens, total_tokens: tokens };
  await call.json({ object: "list", data, model: modelOf(body), usage });
}

/**
 * A unit vector that depends on nothing but the text: each word adds or takes one at a place of its
 * own, so that texts with the same words lie close together.
 */
function vectorOf(text: string, dimensions: number): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(dimensions);
  for (const word of wordsOf(text)) {
    const hash = fnv1a(word);
    const place = (hash >>> 1) % dimensions;
    vector[place] = (vector[place] ?? 0) + ((hash & 1) === 1 ? 1 : -1);
  }
  const length = Math.hypot(...vector);
  // A text without words, or whose words take each other away, still has a direction.
  if (length === 0) vector[0] = 1;
  else for (let i = 0; i < dimensions; i++) vector[i] = (vector[i] ?? 0) / length;
  return vector;
}

/** FNV-1a over UTF-16 units, 32 bits. */
function fnv1a(word: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < word.length; i++) hash = Math.imul(hash ^ word.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
