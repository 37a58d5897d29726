import type { GatewayError } from "../errors.ts";
import type { Dialect } from "../exchange.ts";
import { isJsonObject } from "./json/json-body.ts";
import { eventData } from "./sse/event-data.ts";
import { upstreamRejection } from "./upstream-rejection.ts";

/** The status an upstream names in its error, where it names one. */
function statusIn(text: string): number {
  const { error, code } = parsed(text);
  const found = Number(isJsonObject(error) ? (error.code ?? code) : code);
  return found >= 400 && found <= 599 ? found : 500;
}

/**
 * What an error event of an upstream's stream means: as if the upstream had answered with its
 * status. The event is latin1 text, one character a byte.
 */
export function streamError(event: string): GatewayError {
  // llama.cpp once wrote `error: {…}`, a field of its own, where others write data.
  const own = event.startsWith("error:") ? event.slice(6).trim() : "";
  const bytes = Buffer.from(own === "" ? eventData(event) : own, "latin1");
  const text = bytes.toString();
  return upstreamRejection(statusIn(text), bytes, "application/json");
}

/**
 * True where an upstream's error event has the form that every client of the dialect raises; else
 * it must be told anew. llama.cpp writes OpenAI's shape, with a number as `code`, in all dialects,
 * and Anthropic's clients take a stream that ends so for a whole answer.
 */
export function isRaised(event: string, dialect: Dialect): boolean {
  const body = parsed(eventData(event));
  if (dialect === "responses") return event.startsWith("event:") && body.type === "error";
  const { error } = body;
  if (!isJsonObject(error) || typeof error.message !== "string") return false;
  if (dialect === "messages") return event.startsWith("event:") && body.type === "error";
  if (dialect === "gemini") return typeof error.status === "string";
  const isComplete = ["type", "param", "code"].every((key) => key in error);
  return isComplete && typeof error.code !== "number";
}

function parsed(data: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(data);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
