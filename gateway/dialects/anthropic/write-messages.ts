import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { BlockOrder, type BlockSink } from "../hub/answer-block-order.ts";
import { type Block, blocksOf } from "../hub/answer-blocks.ts";
import { namedEvent } from "../hub/answer-event.ts";
import { prefixedId } from "../hub/answer-id.ts";
import { messagesReason } from "../hub/answer-stop.ts";
import { messagesUsage } from "../hub/answer-usage.ts";
import type { AnswerNames, StreamWriter, WriteWhole } from "../hub/hub.ts";
import { parseExact } from "../json/exact-json.ts";

type Fields = Record<string, unknown>;
type Finish = Extract<LanguageModelV4StreamPart, { type: "finish" }>;

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

/**
 * Anthropic's upstreams tell the input's tokens at the start; others only at the end. Clients show
 * how full the context is by this number, so until then it is the estimate.
 */
function startUsage(early: Fields | null, estimate: number): Fields {
  return {
    input_tokens: early === null ? estimate : count(early.input_tokens),
    cache_creation_input_tokens: count(early?.cache_creation_input_tokens),
    cache_read_input_tokens: count(early?.cache_read_input_tokens),
    output_tokens: count(early?.output_tokens),
  };
}

function messageOf({ id, model }: AnswerNames, rest: Fields): Fields {
  return { id: prefixedId("msg_", id), type: "message", role: "assistant", model, ...rest };
}

/** A block as it begins: with all it is but what its deltas bring. */
function begunBlock({ kind, id, name, text }: Block): Fields {
  if (kind === "text") return { type: "text", text: "" };
  if (kind === "reasoning") return { type: "thinking", thinking: "", signature: "" };
  if (kind === "redacted") return { type: "redacted_thinking", data: text };
  return { type: "tool_use", id, name, input: {} };
}

function deltaOf(kind: Block["kind"], text: string): Fields | null {
  if (kind === "text") return { type: "text_delta", text };
  if (kind === "reasoning") return { type: "thinking_delta", thinking: text };
  return kind === "tool" ? { type: "input_json_delta", partial_json: text } : null;
}

/** The events of the blocks. `begin` gives the events that must stand before the first. */
function blockEvents(begin: () => string): BlockSink {
  let index = -1;
  function delta(fields: Fields): string {
    return namedEvent({ type: "content_block_delta", index, delta: fields });
  }
  return {
    open(block) {
      // Anthropic's answers have no images.
      if (block.kind === "image") return "";
      index += 1;
      const content_block = begunBlock(block);
      return begin() + namedEvent({ type: "content_block_start", index, content_block });
    },
    delta({ kind }, text) {
      const fields = deltaOf(kind, text);
      return fields === null ? "" : delta(fields);
    },
    close({ kind, signature }) {
      if (kind === "image") return "";
      const proof = signature === null ? "" : delta({ type: "signature_delta", signature });
      return proof + namedEvent({ type: "content_block_stop", index });
    },
  };
}

/** Writes a stream of Anthropic's Messages; its blocks stand one after another. */
export function createMessagesWriter(names: AnswerNames): StreamWriter {
  let early: Fields | null = null;
  let isBegun = false;
  const order = new BlockOrder(blockEvents(begin));

  function begin(): string {
    if (isBegun) return "";
    isBegun = true;
    const usage = startUsage(early, names.inputTokens ?? 0);
    const rest = { content: [], stop_reason: null, stop_sequence: null, usage };
    return namedEvent({ type: "message_start", message: messageOf(names, rest) });
  }

  /** The input's numbers are told again: clients take them from here. */
  function finish({ finishReason: reason, usage, providerMetadata }: Finish): string {
    const blocks = order.end();
    const delta = messagesReason({ reason, calls: order.calls }, providerMetadata);
    const end = {
      type: "message_delta",
      delta,
      usage: messagesUsage(usage, names.inputTokens ?? 0),
    };
    return blocks + begin() + namedEvent(end) + namedEvent({ type: "message_stop" });
  }

  return {
    write(part) {
      if (part.type === "finish") return finish(part);
      if (part.type === "custom") {
        const usage = part.providerMetadata?.anthropic?.usage;
        if (typeof usage === "object" && usage !== null) early = { ...usage };
        return "";
      }
      return order.take(part);
    },
  };
}

/** Arguments as the object they are; text that is no JSON stays text. */
function inputOf(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    return text;
  }
}

function wholeBlock({ kind, id, name, text, signature }: Block): Fields {
  if (kind === "text") return { type: "text", text };
  if (kind === "reasoning") return { type: "thinking", thinking: text, signature: signature ?? "" };
  if (kind === "redacted") return { type: "redacted_thinking", data: text };
  return { type: "tool_use", id, name, input: inputOf(text) };
}

/** An answer as one message of Anthropic's Messages. */
export const writeMessages: WriteWhole = (result, names) => {
  const { content, finishReason: reason, usage, providerMetadata } = result;
  const blocks = blocksOf(content);
  const calls = blocks.some(({ kind }) => kind === "tool");
  return messageOf(names, {
    content: blocks.filter(({ kind }) => kind !== "image").map(wholeBlock),
    ...messagesReason({ reason, calls }, providerMetadata),
    usage: messagesUsage(usage, names.inputTokens ?? 0),
  });
};
