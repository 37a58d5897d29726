import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { parseExact } from "../json/exact-json.ts";
import type { Assembly } from "../openai-chat/assembly.ts";

/** A block of the message, and the text of its arguments so far. */
type AssembledBlock = { fields: Record<string, unknown>; input: string };

const textIn = (value: unknown): string => (typeof value === "string" ? value : "");

function addDelta({ fields, ...block }: AssembledBlock, delta: JsonObject): AssembledBlock {
  switch (delta.type) {
    case "text_delta":
      return { ...block, fields: { ...fields, text: textIn(fields.text) + textIn(delta.text) } };
    case "thinking_delta": {
      const thinking = textIn(fields.thinking) + textIn(delta.thinking);
      return { ...block, fields: { ...fields, thinking } };
    }
    case "signature_delta":
      return { ...block, fields: { ...fields, signature: delta.signature } };
    case "input_json_delta":
      return { fields, input: block.input + textIn(delta.partial_json) };
    case "citations_delta": {
      const before = Array.isArray(fields.citations) ? fields.citations : [];
      return { ...block, fields: { ...fields, citations: [...before, delta.citation] } };
    }
    default:
      return { ...block, fields };
  }
}

/** A block as it stands in a whole message. Throws SyntaxError for arguments that are no JSON. */
function wholeBlock({ fields, input }: AssembledBlock): object {
  return input === "" ? fields : { ...fields, input: parseExact(input) };
}

/** Puts a message together from the events of its stream. Its id is the upstream's. */
export function assembleMessage(): Assembly {
  const blocks = new Map<number, AssembledBlock>();
  let message: JsonObject = {};
  let usage: JsonObject = {};
  return {
    get upstreamId() {
      return typeof message.id === "string" ? message.id : null;
    },
    add(event) {
      if (!isJsonObject(event)) return;
      const { type, delta, content_block: begun } = event;
      const index = Number(event.index ?? 0);
      if (type === "message_start" && isJsonObject(event.message)) {
        message = event.message;
        if (isJsonObject(message.usage)) usage = message.usage;
      } else if (type === "content_block_start" && isJsonObject(begun)) {
        blocks.set(index, { fields: { ...begun }, input: "" });
      } else if (type === "content_block_delta" && isJsonObject(delta)) {
        const block = blocks.get(index);
        if (block !== undefined) blocks.set(index, addDelta(block, delta));
      } else if (type === "message_delta") {
        message = { ...message, ...(isJsonObject(delta) ? delta : {}) };
        usage = { ...usage, ...(isJsonObject(event.usage) ? event.usage : {}) };
      }
    },
    answer() {
      const sorted = [...blocks].sort(([a], [b]) => a - b).map(([, block]) => wholeBlock(block));
      return { ...message, content: sorted, usage };
    },
  };
}
