import type { LanguageModelV4FinishReason, LanguageModelV4Usage } from "@ai-sdk/provider";
import type { Block } from "./answer-blocks.ts";
import { prefixedId } from "./answer-id.ts";
import { responseStatus } from "./answer-stop.ts";
import { responsesUsage } from "./answer-usage.ts";
import type { AnswerNames } from "./hub.ts";

type Fields = Record<string, unknown>;

/** One item of a response's `output`. */
export type Item = Fields & { readonly id: string; readonly type: string };

/** How an answer ended. */
export type Ending = {
  readonly finishReason: LanguageModelV4FinishReason;
  readonly usage: LanguageModelV4Usage;
};

/** The part of a message that holds its text. */
export function textPart(text: string): Fields {
  return { type: "output_text", text, annotations: [], logprobs: [] };
}

/** The part of a reasoning item's summary. */
export function summaryPart(text: string): Fields {
  return { type: "summary_text", text };
}

/** An id of its own for each item: clients put an answer together by it. */
function itemId(prefix: string, { id }: AnswerNames, index: number): string {
  return `${prefix}_${id}_${index}`;
}

/**
 * A block as the item at `index` of the output; null for what a response has no words for. As an
 * item begins, its status is "in_progress" and its block says nothing.
 */
export function itemOf(
  block: Block,
  status: "in_progress" | "completed",
  names: AnswerNames,
  index: number,
): Item | null {
  const { kind, text, name, signature } = block;
  const isBegun = status === "in_progress";
  switch (kind) {
    case "text": {
      const content = isBegun ? [] : [textPart(text)];
      const id = itemId("msg", names, index);
      return { id, type: "message", status, role: "assistant", content };
    }
    case "reasoning": {
      const summary = isBegun || text === "" ? [] : [summaryPart(text)];
      const proof = isBegun || signature === null ? {} : { encrypted_content: signature };
      return { id: itemId("rs", names, index), type: "reasoning", summary, ...proof };
    }
    case "tool": {
      const said = isBegun ? "" : text;
      const id = itemId("fc", names, index);
      return { id, type: "function_call", status, call_id: block.id, name, arguments: said };
    }
    default:
      return null;
  }
}

/**
 * The response object, every field that clients read among them: in progress while `ending` is
 * null. What the request had asked for is not repeated: it was put in other words.
 */
export function responseOf(
  names: AnswerNames,
  output: readonly Item[],
  ending: Ending | null,
): Fields & { status: string } {
  const ended =
    ending === null
      ? { status: "in_progress", incomplete_details: null }
      : responseStatus({ reason: ending.finishReason });
  return {
    id: prefixedId("resp_", names.id),
    object: "response",
    created_at: names.created,
    ...ended,
    background: false,
    error: null,
    instructions: null,
    max_output_tokens: null,
    metadata: {},
    model: names.model,
    output,
    parallel_tool_calls: true,
    previous_response_id: null,
    store: false,
    temperature: null,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: null,
    truncation: "disabled",
    usage: ending === null ? null : responsesUsage(ending.usage),
  };
}
