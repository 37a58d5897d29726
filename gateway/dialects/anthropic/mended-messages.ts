import { isJsonObject, type JsonObject } from "../../json-object.ts";

// Servers with Anthropic's API that are not Anthropic's leave out what its own always sends, and
// write some of it in other types. The hub takes only what Anthropic sends.

/** A whole answer of Messages as Anthropic writes it. */
export function mendedMessage(message: JsonObject): JsonObject {
  const { content } = message;
  const blocks = typeof content === "string" ? [{ type: "text", text: content }] : content;
  const known = Array.isArray(blocks) ? blocks.filter(isJsonObject).filter(isKnown) : null;
  return {
    ...mendedHead(message),
    type: "message",
    usage: withNumbers(message.usage, ["input_tokens", "output_tokens"]),
    // Without content it is no answer.
    ...(known === null ? {} : { content: known.map(mendedBlock) }),
  };
}

/** The events of a stream that says the same as a whole answer. */
export function eventsOfMessage(message: JsonObject): JsonObject[] {
  const { content, stop_reason, stop_sequence, usage, ...head } = mendedMessage(message);
  const blocks = Array.isArray(content) ? content.filter(isJsonObject) : [];
  const start = { type: "message_start", message: { ...head, content: [], usage } };
  const end = { type: "message_delta", delta: { stop_reason, stop_sequence }, usage };
  const said = blocks.flatMap((block, index) => [
    ...mendedEvent({ type: "content_block_start", index, content_block: block }),
    { type: "content_block_stop", index },
  ]);
  return [start, ...said, end, { type: "message_stop" }];
}

/** Events that may lack something, by what only they hold. */
const mayLack = ["message_start", "content_block_start", "message_delta"];

/** True if `mendedEvent` may change the event; it is not parsed for that. */
export const isMendable = (data: string): boolean => mayLack.some((name) => data.includes(name));

/** The events of a stream. The provider takes no other as the first one; nobody needs others. */
const eventTypes = [
  ...["message_start", "content_block_start", "content_block_delta", "content_block_stop"],
  ...["message_delta", "message_stop", "ping", "error"],
];

/** False for an event of a kind that Anthropic has not, or not yet. */
export const isOfMessages = (data: string): boolean => eventTypes.some((one) => data.includes(one));

/** One event as Anthropic writes it; text that stands in the start of a block follows it. */
export function mendedEvent(event: JsonObject): JsonObject[] {
  const { type, index, message, content_block: block } = event;
  if (type === "message_start") {
    const head = isJsonObject(message) ? message : {};
    const usage = withNumbers(head.usage, ["input_tokens"]);
    const blocks = Array.isArray(head.content) ? head.content : [];
    const content = blocks.filter((one) => isJsonObject(one) && one.type === "tool_use");
    return [{ ...event, message: { ...mendedHead(head), content, usage } }];
  }
  if (type === "message_delta") {
    const delta = isJsonObject(event.delta) ? event.delta : {};
    return [{ ...event, delta, usage: withNumbers(event.usage, ["output_tokens"]) }];
  }
  if (type !== "content_block_start" || !isJsonObject(block)) return [event];
  const begun = mendedBlock(block);
  const name = begun.type === "text" ? "text" : "thinking";
  const said = begun[name];
  if (typeof said !== "string" || said === "") return [{ ...event, content_block: begun }];
  const { signature } = begun;
  const follow: JsonObject[] = [{ type: `${name}_delta`, [name]: said }];
  if (typeof signature === "string" && signature !== "") {
    follow.push({ type: "signature_delta", signature });
  }
  return [
    { ...event, content_block: { ...begun, [name]: "" } },
    ...follow.map((delta) => ({ type: "content_block_delta", index, delta })),
  ];
}

/** What is of another type than Anthropic's is left out. */
function mendedHead(message: JsonObject): JsonObject {
  const { id, model, ...rest } = message;
  return {
    ...rest,
    ...(typeof id === "string" || typeof id === "number" ? { id: String(id) } : {}),
    ...(typeof model === "string" ? { model } : {}),
  };
}

function withNumbers(usage: unknown, needed: readonly string[]): JsonObject {
  const told = Object.entries(isJsonObject(usage) ? usage : {}).filter(([, one]) => one !== null);
  const fields: Record<string, unknown> = Object.fromEntries(told);
  for (const name of needed) if (typeof fields[name] !== "number") fields[name] = 0;
  return fields;
}

/** What a client can be told of; blocks of a server's own tools are Anthropic's alone. */
const isKnown = ({ type }: JsonObject): boolean =>
  typeof type === "string" && (knownBlocks.has(type) || type.startsWith("mcp_"));

const knownBlocks: ReadonlySet<string> = new Set([
  ...["text", "thinking", "redacted_thinking", "tool_use", "server_tool_use", "compaction"],
  ...["web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result"],
  ...["bash_code_execution_tool_result", "text_editor_code_execution_tool_result"],
  ...["tool_search_tool_result", "advisor_tool_result", "container_upload"],
]);

function mendedBlock(block: JsonObject): JsonObject {
  if (block.type === "text") return { ...block, text: textOf(block.text) };
  if (block.type === "thinking") {
    return { ...block, thinking: textOf(block.thinking), signature: textOf(block.signature) };
  }
  if (block.type !== "tool_use") return block;
  const { id } = block;
  return { ...block, id: typeof id === "number" ? String(id) : id, input: inputOf(block.input) };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

/** An object; some servers write its text. */
function inputOf(input: unknown): unknown {
  if (isJsonObject(input)) return input;
  if (typeof input !== "string") return {};
  try {
    const value: unknown = JSON.parse(input);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
