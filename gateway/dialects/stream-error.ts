import type { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json-object.ts";
import type { DialectErrors } from "./dialect.ts";
import type { EventFraming } from "./framing.ts";
import { upstreamRejection } from "./upstream-rejection.ts";

/** The stream in which an error stands. */
export type BrokenStream = Readonly<{
  requestId: string;
  /** The id that the answer has for the client; null if the stream has none yet. */
  answerId: string | null;
  /** As it was asked for. */
  model: string | null;
  /** Milliseconds since the epoch. */
  startedAt: number;
  /** Events of the answer that were sent already. */
  events: number;
  /** The fields of the request that `DialectAnswer.repeats` names. */
  request: JsonObject;
}>;

/** The statuses that words of Anthropic's and OpenAI's errors stand for. */
const statuses: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  insufficient_quota: 429,
  invalid_prompt: 400,
  not_found_error: 404,
  overloaded_error: 529,
  permission_error: 403,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  request_too_large: 413,
  server_is_overloaded: 503,
  timeout_error: 504,
};

/** The status an upstream names in its error, by a number or a word. */
function statusIn(text: string): number {
  const { error, code, type } = parsed(text);
  const words = isJsonObject(error) ? [error.code, error.type, code] : [code, type];
  for (const word of words) {
    const found = typeof word === "string" ? (statuses[word] ?? Number(word)) : Number(word);
    if (found >= 400 && found <= 599) return found;
  }
  return 500;
}

/**
 * What an error event of an upstream's stream means: as if the upstream had answered with its
 * status. The event is latin1 text, one character a byte.
 */
export function streamError(event: string, framing: EventFraming): GatewayError {
  const bytes = Buffer.from(framing.dataOf(event), "latin1");
  return upstreamRejection(statusIn(bytes.toString()), bytes, "application/json");
}

/**
 * True if every client of the dialect raises an upstream's error event as it is; otherwise the
 * event is written anew. llama.cpp writes OpenAI's shape, with a number as `code`, in all dialects,
 * and Anthropic's clients take a stream that ends so for a whole answer.
 */
export function isRaised(event: string, framing: EventFraming, errors: DialectErrors): boolean {
  return errors.isRaised(event, parsed(framing.dataOf(event)));
}

function parsed(data: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(data);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
