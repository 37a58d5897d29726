import type { DialectPlaces } from "../dialect.ts";
import { asciiJson } from "../json/ascii-json.ts";
import type { PlaceNote } from "../place-words.ts";
import { queueField } from "../place-words.ts";
import type { BegunAnswer } from "../renamer.ts";

/**
 * The wait as events of a response that is ours until the upstream's goes on with it. A client's
 * helper takes nothing before `response.created`, and only one id.
 */
function responseEvents(note: PlaceNote, begun: BegunAnswer): string {
  const response = {
    id: begun.id,
    object: "response",
    created_at: note.created,
    status: "queued",
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: note.model,
    output: [],
    parallel_tool_calls: true,
    previous_response_id: null,
    temperature: null,
    tool_choice: "auto",
    tools: [],
    top_p: null,
    usage: null,
  };
  const one = (type: string, sequence_number: number, more: object): string =>
    `event: ${type}\ndata: ${asciiJson({ type, sequence_number, response, ...more })}\n\n`;
  const created = begun.events === 0 ? one("response.created", 0, {}) : "";
  const queue = queueField(note);
  return created + one("response.queued", Math.max(1, begun.events), { queue });
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
