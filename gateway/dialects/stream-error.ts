import type { GatewayError } from "../errors.ts";
import { eventData } from "./event-data.ts";
import { upstreamRejection } from "./upstream-rejection.ts";

/** The status an upstream names in its error, where it names one. */
function statusIn(text: string): number {
  try {
    const { error, code } = JSON.parse(text) as { error?: { code?: unknown }; code?: unknown };
    const found = Number(error?.code ?? code);
    return found >= 400 && found <= 599 ? found : 500;
  } catch {
    return 500;
  }
}

/**
 * What an error event of an upstream's stream means for a client that has had nothing yet: as if
 * the upstream had answered with its status. The event is latin1 text, one character a byte.
 */
export function streamError(event: string): GatewayError {
  // llama.cpp once wrote `error: {…}`, a field of its own, where others write data.
  const own = event.startsWith("error:") ? event.slice(6).trim() : "";
  const bytes = Buffer.from(own === "" ? eventData(event) : own, "latin1");
  const text = bytes.toString();
  return upstreamRejection(statusIn(text), bytes, "application/json");
}
