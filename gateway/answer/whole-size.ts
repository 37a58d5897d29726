import { GatewayError } from "../errors.ts";

/**
 * Of an answer that is read whole before it goes out: longer than any with its logprobs, and half of
 * what a text can hold. Bytes.
 */
const most = 256 * 1024 * 1024;

/** How much of an answer has come with this piece. Throws `upstream_error` where it has no end. */
export function wholeSize(before: number, piece: Buffer): number {
  const size = before + piece.length;
  if (size > most) throw new GatewayError("upstream_error", "The upstream's answer is too long.");
  return size;
}
