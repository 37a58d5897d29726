import type { JsonObject } from "../../json-object.ts";
import { wrong } from "../field-checks.ts";
import { type CallBook, callInput, createCallBook, resultOutput } from "../hub/parts-calls.ts";
import {
  type AssistantPart,
  cacheHint,
  type Message,
  type ResultPart,
  type UserPart,
} from "../hub/parts-hub.ts";
import { createPrompt, onlyTexts, type PromptBuilder } from "../hub/parts-prompt.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, flagAt, objectsAt, type Placed, requiredText, textAt } from "../hub/read-fields.ts";
import { readBlock, readBlocks } from "./read-messages-blocks.ts";

const messageFields: ReadonlySet<string> = new Set(["role", "content"]);

const knownFields: Readonly<Record<string, ReadonlySet<string>>> = {
  text: new Set(["type", "text", "cache_control"]),
  thinking: new Set(["type", "thinking", "signature"]),
  redacted_thinking: new Set(["type", "data"]),
  tool_use: new Set(["type", "id", "name", "input", "cache_control"]),
  tool_result: new Set(["type", "tool_use_id", "content", "is_error", "cache_control"]),
};

/** A text or a list of blocks, as blocks. */
function blocksOf(message: JsonObject, at: string): Placed[] {
  const { content } = message;
  if (typeof content !== "string") return objectsAt(message, "content", at);
  return [{ item: { type: "text", text: content }, at: below(at, "content") }];
}

/** A thought without its signature is kept for upstreams that take it. */
function readThinking(block: JsonObject, at: string): AssistantPart[] {
  const text = textAt(block, "thinking", at) ?? "";
  const signature = textAt(block, "signature", at) ?? "";
  if (signature === "") return text === "" ? [] : [{ type: "reasoning", text }];
  return [{ type: "reasoning", text, providerOptions: { anthropic: { signature } } }];
}

/** A thought that nobody but Anthropic can read. */
function readRedacted(block: JsonObject, at: string, dropped: Dropped): AssistantPart[] {
  const redactedData = requiredText(block, "data", at);
  dropped.add(at);
  return [{ type: "reasoning", text: "", providerOptions: { anthropic: { redactedData } } }];
}

function readUse(block: JsonObject, at: string, book: CallBook): AssistantPart[] {
  const toolName = requiredText(block, "name", at);
  const toolCallId = book.call(textAt(block, "id", at) || null, toolName);
  const input = callInput(block.input, below(at, "input"));
  return [{ type: "tool-call", toolCallId, toolName, input, ...cacheHint(block) }];
}

function readAssistant(message: JsonObject, at: string, book: CallBook, dropped: Dropped) {
  return blocksOf(message, at).flatMap(({ item, at: where }): AssistantPart[] => {
    const type = typeof item.type === "string" ? item.type : "";
    const fields = Object.hasOwn(knownFields, type) ? knownFields[type] : undefined;
    if (fields === undefined || type === "tool_result") {
      dropped.add(where);
      return [];
    }
    dropped.rest(item, where, fields);
    if (type === "thinking") return readThinking(item, where);
    if (type === "redacted_thinking") return readRedacted(item, where, dropped);
    if (type === "tool_use") return readUse(item, where, book);
    return [{ type: "text", text: textAt(item, "text", where) ?? "", ...cacheHint(item) }];
  });
}

function readResult(block: JsonObject, at: string, book: CallBook, dropped: Dropped): ResultPart {
  const named = book.answer(textAt(block, "tool_use_id", at) || null, null);
  const content = readBlocks(block, "content", at, dropped);
  const failed = flagAt(block, "is_error", at) ?? false;
  // The hub has no failed result with anything but text in it.
  if (failed) onlyTexts(content, below(at, "content"), dropped);
  return {
    type: "tool-result",
    ...named,
    output: resultOutput(content, failed),
    ...cacheHint(block),
  };
}

/** Results come before what else the user says, wherever they stand in the list. */
function readUser(
  message: JsonObject,
  at: string,
  prompt: PromptBuilder,
  book: CallBook,
  dropped: Dropped,
): void {
  const said: UserPart[] = [];
  const results: ResultPart[] = [];
  for (const { item, at: where } of blocksOf(message, at)) {
    if (item.type === "tool_result") {
      dropped.rest(item, where, knownFields.tool_result ?? messageFields);
      results.push(readResult(item, where, book, dropped));
      continue;
    }
    const parts = readBlock(item, where, dropped);
    if (parts === null) dropped.add(where);
    else for (const part of parts) said.push(part);
  }
  prompt.results(results);
  prompt.user(said);
}

/**
 * A line that Claude Code puts first, other in each request: at the head of a prompt it would empty
 * the upstream's cache in every turn.
 */
const billingHead = "x-anthropic-billing-header:";

/** `system` or the content of a system message: one message for each block. */
function readSystem(
  object: JsonObject,
  name: string,
  at: string,
  prompt: PromptBuilder,
  dropped: Dropped,
): void {
  const content = readBlocks(object, name, at, dropped);
  for (const part of onlyTexts(content, below(at, name), dropped)) {
    if (part.text.startsWith(billingHead)) continue;
    prompt.system(part.text, part.providerOptions);
  }
}

/**
 * `system` and `messages` of an Anthropic request. Throws GatewayError (400) that names the field.
 */
export function readTurns(body: JsonObject, dropped: Dropped): Message[] {
  const prompt = createPrompt();
  const book = createCallBook();
  readSystem(body, "system", "", prompt, dropped);
  for (const { item, at } of objectsAt(body, "messages", "")) {
    const role = requiredText(item, "role", at);
    dropped.rest(item, at, messageFields);
    if (role === "user") readUser(item, at, prompt, book, dropped);
    else if (role === "assistant") prompt.assistant(readAssistant(item, at, book, dropped));
    else if (role === "system") readSystem(item, "content", at, prompt, dropped);
    else wrong(below(at, "role"), "must be user, assistant or system");
  }
  const messages = prompt.prompt();
  return messages.length > 0 ? messages : wrong("messages", "must have some content");
}
