import type { DialectEvents } from "./dialect.ts";

/** How an event ends its stream: with an error, as its last one, or as the last one that failed. */
export type StreamEnd = "error" | "last" | "failure";

/** What an event is to the stream it stands in; null for nearly all. */
export function endOf(event: string, events: DialectEvents): StreamEnd | null {
  if (events.isError(event)) return "error";
  if (!events.isLast(event)) return null;
  return events.isFailure(event) ? "failure" : "last";
}
