import type { UpstreamError } from "./upstream-error.ts";

/** llama-server's own words for a request that it cannot read, which it answers with a 500. */
const unreadable: readonly RegExp[] = [
  /^failed to parse (?:messages|tools)\b/i,
  /^failed to load image or audio file/i,
  /^(?:image|audio|video) input is not supported/i,
  /^'[\w.[\]]+' (?:is required|must be|is not supported)\b/,
  /^expected '[\w.[\]]+' to be\b/i,
  /^invalid '[\w.[\]]+' type\b/i,
  /^cannot (?:use|specify|set) (?:both|grammar|custom grammar|json_schema)\b/i,
];

/** What is off, or not allowed, for this request alone: not a word of a key. */
const forbidden = /\b(?:this feature is disabled|flagged)\b/i;

/**
 * The status that a client gets for an answer of an upstream that blames the request by its words,
 * and something else by its status; null for any other answer.
 */
export function statusOfRequestFault(status: number, { message }: UpstreamError): number | null {
  if (message === null) return null;
  if (status === 500 && unreadable.some((words) => words.test(message))) return 400;
  return status === 403 && forbidden.test(message) ? 403 : null;
}
