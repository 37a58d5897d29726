import type { DialectEvents } from "./dialect.ts";

/** How an event ends its stream: with an error, or as its last one. */
export type StreamEnd = "error" | "last";

/** What an event is to the stream it stands in; null for nearly all. */
export function endOf(event: string, events: DialectEvents): StreamEnd | null {
  if (events.isError(event)) return "error";
  return events.isLast(event) ? "last" : null;
}
