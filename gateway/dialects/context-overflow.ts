import type { UpstreamError } from "./upstream-error.ts";

/** The code that agents look for before they shorten a conversation. */
export const overflowCode = "context_length_exceeded";

/** How servers say that a prompt is longer than the model's context. */
const sayings: readonly RegExp[] = [
  /prompt is too long/i,
  /input is too long for/i,
  /input token count.{0,40} exceeds/i,
  /maximum context length/i,
  /(?:exceeds?|greater|longer|larger|too (?:large|long)).{0,60}context[ _-]?(?:length|window|size)/i,
  /context[ _-]?(?:length|window|size).{0,40}(?:exceeded|too (?:small|short)|is full)/i,
  /exceeds the available context/i,
];

/** True if an upstream's error says that the prompt does not fit into the model's context. */
export function isOverflow({ type, code, message }: UpstreamError): boolean {
  if (type === "exceed_context_size_error" || code === overflowCode) return true;
  return message !== null && sayings.some((saying) => saying.test(message));
}

type Overflow = {
  readonly message: string;
  readonly shownCode: string;
  readonly extra: Readonly<Record<string, unknown>>;
};

/** The tokens of the prompt and of the context, in fields or in words; null if they are not told. */
function tokensOf({ message, extra }: Overflow): { prompt: number; limit: number } | null {
  const { n_prompt_tokens: prompt, n_ctx: limit } = extra;
  if (typeof prompt === "number" && typeof limit === "number") return { prompt, limit };
  const said = [...message.matchAll(/\d[\d,]{2,}/g)].map(([text]) =>
    Number(text.replaceAll(",", "")),
  );
  const [one, two, ...more] = [...new Set(said)];
  if (one === undefined || two === undefined || more.length > 0) return null;
  return { prompt: Math.max(one, two), limit: Math.min(one, two) };
}

/** An error's message, as clients of one API know it for a prompt that is too long. */
export function overflowMessage(
  error: Overflow,
  known: RegExp,
  write: (prompt: number, limit: number) => string,
  otherwise: string,
): string {
  if (error.shownCode !== overflowCode || known.test(error.message)) return error.message;
  const tokens = tokensOf(error);
  return tokens === null ? `${otherwise}: ${error.message}` : write(tokens.prompt, tokens.limit);
}
