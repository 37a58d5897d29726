import type { JsonObject } from "../json-object.ts";

import type { EchoPiece } from "./tokenizer.ts";

/** A response; its events need `status` by name. */
export type EchoResponse = JsonObject & { status: string };

/** The events of a response with one message of one part, in OpenAI's order. */
export async function* responseEvents(
  response: EchoResponse,
  item: JsonObject & { id: string },
  part: JsonObject & { text: string },
  pieces: AsyncIterable<EchoPiece>,
): AsyncGenerator<JsonObject & { type: string }> {
  const begun = {
    ...response,
    status: "in_progress",
    completed_at: null,
    incomplete_details: null,
    output: [],
    usage: null,
  };
  const inOutput = { output_index: 0 };
  const inPart = { item_id: item.id, ...inOutput, content_index: 0 };
  yield { type: "response.created", response: begun };
  yield { type: "response.in_progress", response: begun };
  const emptyItem = { ...item, status: "in_progress", content: [] };
  yield { type: "response.output_item.added", ...inOutput, item: emptyItem };
  yield { type: "response.content_part.added", ...inPart, part: { ...part, text: "" } };
  for await (const piece of pieces) {
    yield { type: "response.output_text.delta", ...inPart, delta: piece.text, logprobs: [] };
  }
  yield { type: "response.output_text.done", ...inPart, text: part.text, logprobs: [] };
  yield { type: "response.content_part.done", ...inPart, part };
  yield { type: "response.output_item.done", ...inOutput, item };
  yield { type: `response.${response.status}`, response };
}
