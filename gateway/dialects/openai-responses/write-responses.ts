import { BlockOrder, type BlockSink } from "../hub/answer-block-order.ts";
import { type Block, blocksOf } from "../hub/answer-blocks.ts";
import { namedEvent } from "../hub/answer-event.ts";
import { clientToolOf } from "../hub/client-tools.ts";
import { freeformText } from "../hub/freeform.ts";
import type { AnswerNames, StreamWriter, WriteWhole } from "../hub/hub.ts";
import {
  type Ending,
  type Item,
  itemOf,
  responseOf,
  summaryPart,
  textPart,
} from "./responses-answer.ts";

type Fields = Record<string, unknown>;

/** Gives one event its type and the next `sequence_number`. */
type Tell = (type: string, fields: Fields) => string;

function createTell(): Tell {
  let sequence_number = -1;
  return (type, fields) => {
    sequence_number += 1;
    return namedEvent({ type: `response.${type}`, sequence_number, ...fields });
  };
}

/** The events of one block: its part when it says its first words, what it says, its end. */
const toldBlocks = {
  text: {
    part: "content_part",
    words: "output_text",
    at: { content_index: 0 },
    logprobs: { logprobs: [] },
    partOf: textPart,
  },
  reasoning: {
    part: "reasoning_summary_part",
    words: "reasoning_summary_text",
    at: { summary_index: 0 },
    logprobs: {},
    partOf: summaryPart,
  },
};

/** The last events of a call before its item is done. */
function endCall(block: Block, { clientTools }: AnswerNames, tell: Tell, at: object): string {
  const { kind, name } = clientToolOf(block.name, clientTools);
  if (kind === "function") {
    return tell("function_call_arguments.done", { ...at, name, arguments: block.text });
  }
  if (kind !== "custom") return "";
  const input = freeformText(block.text);
  const delta = tell("custom_tool_call_input.delta", { ...at, delta: input });
  return delta + tell("custom_tool_call_input.done", { ...at, input });
}

/**
 * The events of the items, which `output` keeps. `begin` gives those that stand before the first.
 */
function itemEvents(
  names: AnswerNames,
  output: Item[],
  tell: Tell,
  begin: () => string,
): BlockSink {
  let place: { item_id: string; output_index: number } | null = null;
  let isPartBegun = false;
  const kindOf = ({ name }: Block) => clientToolOf(name, names.clientTools).kind;

  function say(block: Block, text: string): string {
    if (block.kind === "redacted" || block.kind === "image" || place === null) return "";
    if (block.kind === "tool") {
      // Of other kinds of calls nothing can be told before all is there.
      if (kindOf(block) !== "function") return "";
      return tell("function_call_arguments.delta", { ...place, delta: text });
    }
    const { part, words, at, logprobs, partOf } = toldBlocks[block.kind];
    const inPart = { ...place, ...at };
    const added = isPartBegun ? "" : tell(`${part}.added`, { ...inPart, part: partOf("") });
    isPartBegun = true;
    return added + tell(`${words}.delta`, { ...inPart, delta: text, ...logprobs });
  }

  function endSaying(block: Block): string {
    const { kind, text } = block;
    if (kind === "redacted" || kind === "image" || place === null) return "";
    if (kind === "tool") return endCall(block, names, tell, place);
    if (!isPartBegun) return "";
    const { part, words, at, logprobs, partOf } = toldBlocks[kind];
    const inPart = { ...place, ...at };
    const done = tell(`${words}.done`, { ...inPart, text, ...logprobs });
    return done + tell(`${part}.done`, { ...inPart, part: partOf(text) });
  }

  return {
    open(block) {
      const output_index = output.length;
      const item = itemOf(block, "in_progress", names, output_index);
      isPartBegun = false;
      place = item === null ? null : { item_id: item.id, output_index };
      return item === null ? "" : begin() + tell("output_item.added", { output_index, item });
    },
    delta: say,
    close(block) {
      const output_index = output.length;
      const item = itemOf(block, "completed", names, output_index);
      if (item === null) return "";
      output.push(item);
      return endSaying(block) + tell("output_item.done", { output_index, item });
    },
  };
}

/** Writes a stream of OpenAI's Responses, which ends with the whole response. */
export function createResponsesWriter(names: AnswerNames): StreamWriter {
  const tell = createTell();
  const output: Item[] = [];
  let isBegun = false;
  const order = new BlockOrder(itemEvents(names, output, tell, begin));

  function begin(): string {
    if (isBegun) return "";
    isBegun = true;
    const response = responseOf(names, [], null);
    return tell("created", { response }) + tell("in_progress", { response });
  }

  function finish(ending: Ending): string {
    const items = order.end();
    const begun = begin();
    const response = responseOf(names, output, ending);
    return items + begun + tell(response.status, { response });
  }

  return { write: (part) => (part.type === "finish" ? finish(part) : order.take(part)) };
}

/** An answer as one response of OpenAI's Responses. */
export const writeResponses: WriteWhole = ({ content, finishReason, usage }, names) => {
  const output: Item[] = [];
  for (const block of blocksOf(content)) {
    const item = itemOf(block, "completed", names, output.length);
    if (item !== null) output.push(item);
  }
  return responseOf(names, output, { finishReason, usage });
};
