import type { StreamFraming } from "../framing.ts";
import { eventData } from "./event-data.ts";
import { EventSplitter } from "./event-splitter.ts";

/** llama.cpp once wrote `error: {…}`, a field of its own, where others write data. */
function errorField(event: string): string {
  return event.startsWith("error:") ? event.slice(6).trim() : "";
}

/** Server-sent events (WHATWG HTML §9.2). */
export const sse: StreamFraming = {
  mediaType: "text/event-stream",
  head: {
    status: 200,
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-cache, no-transform",
      "x-accel-buffering": "no",
    },
  },
  // Never `: ping`: one client stops at it.
  keepAlive: ": keep-alive\n\n",
  // A blank line is the one thing that no hand-written parser minds.
  plainKeepAlive: "\n",
  inPieces: true,
  events: {
    createSplitter: () => new EventSplitter(),
    dataOf: (event) => errorField(event) || eventData(event),
    end: "\n\n",
    comment: (text) => `: ${text}\n`,
    commentEnd: "\n",
  },
};
