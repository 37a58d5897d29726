import type { StreamFraming } from "../framing.ts";
import { asciiJson } from "../json/ascii-json.ts";
import { type PlaceNote, queueField } from "../place-words.ts";
import { sse } from "../sse/sse-framing.ts";

/** A chunk that says nothing: one part with an empty text. */
const nothing = {
  candidates: [{ content: { role: "model", parts: [{ text: "" }] }, index: 0 }],
} as const;

const keepAlive = `data: ${asciiJson(nothing)}\n\n`;

/**
 * The events of Gemini's streams. Its clients are no parsers of server-sent events: a comment makes
 * most of them fail, and one of them give an empty answer; a blank line makes others fail. A chunk
 * that says nothing is the one form that all of them take.
 */
export const geminiSse: StreamFraming = {
  ...sse,
  keepAlive,
  plainKeepAlive: keepAlive,
  events: { ...sse.events, comment: () => "", commentEnd: "" },
};

/** The same chunk with the place in a field of its own, which clients leave aside. */
export function geminiPlace(note: PlaceNote): string {
  return `data: ${asciiJson({ ...nothing, modelVersion: note.model, queue: queueField(note) })}\n\n`;
}
