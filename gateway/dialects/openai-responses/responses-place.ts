import type { DialectPlaces } from "../dialect.ts";
import { asciiJson } from "../json/ascii-json.ts";
import type { PlaceNote } from "../place-words.ts";
import { queueField } from "../place-words.ts";
import type { BegunAnswer } from "../renamer.ts";
import { responseObject } from "./response-object.ts";

/**
 * The wait as events of a response that is ours until the upstream's goes on with it. A client's
 * helper takes nothing before `response.created`, and only one id.
 */
function responseEvents(note: PlaceNote, begun: BegunAnswer): string {
  const { created, model, request } = note;
  const response = responseObject({ id: begun.id, created, model, status: "queued", request });
  const one = (type: string, sequence_number: number, more: object): string =>
    `event: ${type}\ndata: ${asciiJson({ type, sequence_number, response, ...more })}\n\n`;
  const first = begun.events === 0 ? one("response.created", 0, {}) : "";
  const queue = queueField(note);
  return first + one("response.queued", Math.max(1, begun.events), { queue });
}

export const responsesPlaces: DialectPlaces = {
  event(note) {
    // Clients take nothing but comments before `response.created`; and the upstream's own
    // `response.in_progress` says that the wait is over.
    if (note.begun === null || note.place === null) return null;
    return responseEvents(note, note.begun);
  },
  begins: {
    idOf: (requestId) => `resp_${requestId}`,
    eventsAfter: (events) => (events === 0 ? 2 : 1),
  },
};
