import type { LanguageModelV4FinishReason, LanguageModelV4Usage } from "@ai-sdk/provider";
import type { Block } from "../hub/answer-blocks.ts";
import { prefixedId } from "../hub/answer-id.ts";
import { responseStatus } from "../hub/answer-stop.ts";
import { responsesUsage } from "../hub/answer-usage.ts";
import type { AnswerNames } from "../hub/hub.ts";
import { callItem } from "./call-item.ts";
import { responseObject } from "./response-object.ts";

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
  const { kind, text, signature } = block;
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
    case "image":
      return {
        id: itemId("ig", names, index),
        type: "image_generation_call",
        status: isBegun ? "in_progress" : "completed",
        result: isBegun ? null : text,
      };
    case "tool":
      return callItem(block, status, names, index);
    default:
      return null;
  }
}

/** The response object: in progress while `ending` is null. */
export function responseOf(
  names: AnswerNames,
  output: readonly Item[],
  ending: Ending | null,
): Fields & { status: string } {
  const { created, model, request } = names;
  const head = { id: prefixedId("resp_", names.id), created, model, request };
  if (ending === null) {
    return { ...responseObject({ ...head, status: "in_progress" }), status: "in_progress" };
  }
  const { status, incomplete_details } = responseStatus({ reason: ending.finishReason });
  const usage = responsesUsage(ending.usage);
  return {
    ...responseObject({ ...head, status }, { incomplete_details, output, usage }),
    status,
  };
}
