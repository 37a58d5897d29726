import type { Dialect } from "../exchange.ts";
import { asciiJson } from "./json/ascii-json.ts";

/**
 * How a place in line is told: as a chunk with its comment, as the comment alone, or not at all.
 */
export type QueueForm = "chunk" | "comment" | "off";

/** What an event of the queue is made of. */
export type QueueNote = Readonly<{
  requestId: string;
  /** Seconds since the epoch. */
  created: number;
  /** As the client asked for it. */
  model: string;
  /** Null when the wait is over. */
  place: Readonly<{ position: number; of: number; etaSeconds: number | null }> | null;
  /** For Responses: the id of one we begin ourselves, and its events so far; null is comments. */
  response?: Readonly<{ id: string; events: number }> | null;
}>;

function queueOf({ place }: QueueNote): Record<string, unknown> {
  if (place === null) {
    return { position: 0, of: 0, eta_seconds: 0, message: "Your query is running" };
  }
  const { position, of, etaSeconds } = place;
  const message = `Your query is #${position} in the queue`;
  return { position, of, eta_seconds: etaSeconds, message };
}

/** Open WebUI shows this under the model's name, and takes it away when it is done and hidden. */
function status({ place }: QueueNote): Record<string, unknown> {
  if (place === null) {
    return { type: "status", data: { description: "Running", done: true, hidden: true } };
  }
  const { position, etaSeconds } = place;
  const eta = etaSeconds === null ? "" : `, about ${etaSeconds} s`;
  return { type: "status", data: { description: `#${position} in line${eta}`, done: false } };
}

function chatChunk(note: QueueNote): string {
  return asciiJson({
    id: note.requestId,
    object: "chat.completion.chunk",
    created: note.created,
    model: note.model,
    choices: [{ index: 0, delta: {}, finish_reason: null }],
    queue: queueOf(note),
    event: status(note),
  });
}

function textChunk(note: QueueNote): string {
  return asciiJson({
    id: note.requestId,
    object: "text_completion",
    created: note.created,
    model: note.model,
    choices: [{ index: 0, text: "", logprobs: null, finish_reason: null }],
    queue: queueOf(note),
  });
}

/**
 * The wait as events of a response that is ours until the upstream's goes on with it. A client's
 * helper takes nothing before `response.created`, and only one id.
 */
function responseEvents(note: QueueNote, begun: { id: string; events: number }): string {
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
  const queue = queueOf(note);
  return created + one("response.queued", Math.max(1, begun.events), { queue });
}

function render(dialect: Dialect, form: QueueForm, note: QueueNote): string | null {
  if (form === "off") return null;
  const comment = `: queue-position=${note.place?.position ?? 0}\n`;
  if (form === "chunk") {
    if (dialect === "chat") return `${comment}data: ${chatChunk(note)}\n\n`;
    if (dialect === "completions") return `${comment}data: ${textChunk(note)}\n\n`;
    if (dialect === "messages") {
      const ping = asciiJson({ type: "ping", queue: queueOf(note) });
      return `${comment}event: ping\ndata: ${ping}\n\n`;
    }
    // The upstream's own `response.in_progress` says that the wait is over.
    if (dialect === "responses" && note.response && note.place !== null) {
      return `${comment}${responseEvents(note, note.response)}`;
    }
  }
  // Responses clients take nothing but comments before `response.created`.
  return `${comment}\n`;
}

/**
 * One whole event that tells a streaming client its place, in ASCII: the form of the dialect that
 * none of the real clients fails on. Null where the client wants none.
 */
export function queueEvent(dialect: Dialect, form: QueueForm, note: QueueNote): string | null {
  return render(dialect, form, note);
}

/**
 * The event after the last place, before the first token: position 0, and Open WebUI's line gone.
 */
export function queueDone(dialect: Dialect, form: QueueForm, note: QueueNote): string | null {
  return render(dialect, form, { ...note, place: null });
}
