import type { JsonObject } from "../../json-object.ts";

/** Fields of a request whose answer llama.cpp cannot tell whole in a stream. */
const lossy: readonly string[] = [
  // Chunks without text have none, and with tools a stream is refused.
  "logprobs",
  "top_logprobs",
  "n_probs",
  "post_sampling_probs",
  // A stream has the new text alone.
  "continue_final_message",
  // Its copy of the whole answer is empty in a stream.
  "verbose",
];

/**
 * True if llama.cpp's answer to this request cannot be put together from a stream without loss. It
 * is then asked as the client asked (each field found by a comparison with a real llama-server).
 */
export function losesInStream(body: JsonObject): boolean {
  return lossy.some((name) => Boolean(body[name]));
}
