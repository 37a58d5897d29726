import type { JsonObject } from "../json-object.ts";
import { asciiJson } from "./json/ascii-json.ts";
import type { BegunAnswer } from "./renamer.ts";

/** A place in the queue, or the end of the wait, as a client is told it. */
export type PlaceNote = Readonly<{
  requestId: string;
  /** Seconds since the epoch. */
  created: number;
  /** As the client asked for it. */
  model: string;
  /** Null when the wait is over. */
  place: Readonly<{
    position: number;
    of: number;
    etaSeconds: number | null;
    range?: { readonly lowSeconds: number; readonly highSeconds: number };
  }> | null;
  /** The fields of the request that an answer of ours repeats. */
  request: JsonObject;
  /** The answer that these events begin; null if the upstream begins it. */
  begun: BegunAnswer | null;
}>;

/** The field `queue`, the same in every dialect. */
export function queueField({ place }: PlaceNote): Record<string, unknown> {
  if (place === null) {
    return { position: 0, of: 0, eta_seconds: 0, message: "Your query is running" };
  }
  const { position, of, etaSeconds, range } = place;
  const message = `Your query is #${position} in the queue`;
  const told = { position, of, eta_seconds: etaSeconds };
  if (range === undefined) return { ...told, message };
  const { lowSeconds: low, highSeconds: high } = range;
  return { ...told, eta_low_seconds: low, eta_high_seconds: high, message };
}

/** Open WebUI shows this under the model's name, and takes it away when it is done and hidden. */
function status({ place }: PlaceNote): Record<string, unknown> {
  if (place === null) {
    return { type: "status", data: { description: "Running", done: true, hidden: true } };
  }
  const { position, etaSeconds } = place;
  const eta = etaSeconds === null ? "" : `, about ${etaSeconds} s`;
  return { type: "status", data: { description: `#${position} in the queue${eta}`, done: false } };
}

/** A chunk of a chat that says nothing, with the place in fields of its own. */
export function chatPlace(note: PlaceNote): string {
  const chunk = {
    id: note.requestId,
    object: "chat.completion.chunk",
    created: note.created,
    model: note.model,
    choices: [{ index: 0, delta: {}, finish_reason: null }],
    queue: queueField(note),
    event: status(note),
  };
  return `data: ${asciiJson(chunk)}\n\n`;
}

/** The same for a text completion. */
export function textPlace(note: PlaceNote): string {
  const chunk = {
    id: note.requestId,
    object: "text_completion",
    created: note.created,
    model: note.model,
    choices: [{ index: 0, text: "", logprobs: null, finish_reason: null }],
    queue: queueField(note),
  };
  return `data: ${asciiJson(chunk)}\n\n`;
}
