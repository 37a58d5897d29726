import type { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject, jsonOrNull } from "../json-object.ts";
import type { DialectErrors } from "./dialect.ts";
import { statusOfError } from "./error-body.ts";
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

/** Why an upstream's answer under status 200 is none: kept as the cause of the error made of it. */
export class ErrorInAnswer extends Error {}

/** True if nothing that an upstream sent was an answer, though its status said so. */
export const isErrorInAnswer = (error: unknown): boolean =>
  error instanceof Error && error.cause instanceof ErrorInAnswer;

/**
 * What an error under status 200 means, whole or as an event: as if the upstream had answered with
 * the status that the error names. Its cause is an ErrorInAnswer.
 */
export function errorInAnswer(body: Uint8Array): GatewayError {
  const error = upstreamRejection(statusOfError(jsonOf(body)), body, "application/json");
  error.cause ??= new ErrorInAnswer("an error under status 200");
  return error;
}

/** The same of an error event, which is latin1 text, one character a byte. */
export function streamError(event: string, framing: EventFraming): GatewayError {
  return errorInAnswer(Buffer.from(framing.dataOf(event), "latin1"));
}

const jsonOf = (body: Uint8Array): unknown =>
  jsonOrNull(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString());

/**
 * True if every client of the dialect raises an upstream's error event as it is; otherwise the
 * event is written anew. llama.cpp writes OpenAI's shape, with a number as `code`, in all dialects,
 * and Anthropic's clients take a stream that ends so for a whole answer.
 */
export function isRaised(event: string, framing: EventFraming, errors: DialectErrors): boolean {
  // JSON that stands without `data:` is read by no client.
  return !event.startsWith("{") && errors.isRaised(event, parsed(framing.dataOf(event)));
}

function parsed(data: string): Readonly<Record<string, unknown>> {
  const value = jsonOrNull(data);
  return isJsonObject(value) ? value : {};
}
