import type { EchoCall } from "./call.ts";
import { modelOf, wrongField } from "./fields.ts";
import { readTexts } from "./text-inputs.ts";
import { splitWords } from "./words.ts";

/** The most numbers in an answer: it is written without a pause. */
const mostNumbers = 1_000_000;

/** `POST /v1/embeddings`, as floats, or in base64 if the client asks so (the official one does). */
export async function answerEmbeddings(call: EchoCall): Promise<void> {
  const { body, tokenizer, signal } = call;
  const inputs = readTexts(body.input, "input", tokenizer);
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
 * A unit vector that depends only on the text. Each word adds or subtracts one at an index of its
 * own, so texts with the same words lie close together.
 */
function vectorOf(text: string, dimensions: number): Float32Array<ArrayBuffer> {
  const vector = new Float32Array(dimensions);
  for (const word of splitWords(text)) {
    const hash = fnv1a(word);
    const place = (hash >>> 1) % dimensions;
    vector[place] = (vector[place] ?? 0) + ((hash & 1) === 1 ? 1 : -1);
  }
  const length = Math.hypot(...vector);
  // The sum is zero for a text without words, or if its words cancel out. It needs a direction too.
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
