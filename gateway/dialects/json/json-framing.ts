import type { Framing } from "../framing.ts";

/** One JSON value. Whitespace may stand before it. */
export const json: Framing = {
  mediaType: "application/json",
  head: { status: 200, headers: { "content-type": "application/json" } },
  keepAlive: "\n",
  plainKeepAlive: "\n",
  inPieces: false,
  events: null,
};

/** The elements of one JSON array, each as it is generated: Gemini's stream without `alt=sse`. */
export const jsonArray: Framing = { ...json, inPieces: true };
