import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import { freeformInput } from "../hub/freeform.ts";
import { type CallBook, callInput, createCallBook, resultOutput } from "../hub/parts-calls.ts";
import {
  type AssistantPart,
  cacheHint,
  type Hints,
  type Message,
  type UserPart,
} from "../hub/parts-hub.ts";
import { createPrompt, onlyTexts, type PromptBuilder } from "../hub/parts-prompt.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, objectAt, objectsAt, requiredText, textAt } from "../hub/read-fields.ts";
import { readParts } from "../openai/read-parts.ts";

const fields: Readonly<Record<string, ReadonlySet<string>>> = {
  system: new Set(["role", "content", "cache_control"]),
  user: new Set(["role", "content", "cache_control"]),
  assistant: new Set([
    "role",
    "content",
    "refusal",
    "reasoning_content",
    "reasoning",
    "tool_calls",
    "function_call",
    "cache_control",
  ]),
  tool: new Set(["role", "content", "tool_call_id", "name", "cache_control"]),
};

const callFields: ReadonlySet<string> = new Set([
  "id",
  "type",
  "function",
  "index",
  "extra_content",
]);

const customCallFields: ReadonlySet<string> = new Set(["id", "type", "custom", "index"]);

/** Gemini's proof of a call, in the form of Google's own chat API; for `providerOptions`. */
function proofIn(object: JsonObject): { providerOptions?: Hints } {
  const extra = object.extra_content;
  const google = isJsonObject(extra) ? extra.google : null;
  const proof = isJsonObject(google) ? google.thought_signature : null;
  if (typeof proof !== "string" || proof === "") return {};
  return { providerOptions: { google: { thoughtSignature: proof } } };
}

/** The call of a freeform tool: a text, and no JSON. */
function readCustomCall(item: JsonObject, at: string, book: CallBook): AssistantPart {
  const where = below(at, "custom");
  const custom = objectAt(item, "custom", at) ?? wrong(where, "is required");
  const name = requiredText(custom, "name", where);
  const input = freeformInput(textAt(custom, "input", where) ?? "");
  const id = book.call(textAt(item, "id", at) || null, name);
  return { type: "tool-call", toolCallId: id, toolName: name, input };
}

/** A mark on the whole message stands for its last part. */
function markLast<Part extends UserPart | AssistantPart>(
  parts: Part[],
  message: JsonObject,
): Part[] {
  const last = parts.at(-1);
  const hint = cacheHint(message);
  if (last === undefined || hint.providerOptions === undefined) return parts;
  return [...parts.slice(0, -1), { ...last, ...hint }];
}

/** The older form (`function_call`, role `function`) has names only; the book makes ids of them. */
function readCall(call: JsonObject, id: string | null, at: string, book: CallBook): AssistantPart {
  const name = requiredText(call, "name", at);
  const input = callInput(call.arguments, below(at, "arguments"));
  return { type: "tool-call", toolCallId: book.call(id, name), toolName: name, input };
}

function readCalls(message: JsonObject, at: string, book: CallBook, dropped: Dropped) {
  const calls = objectsAt(message, "tool_calls", at).flatMap(({ item, at: where }) => {
    if (item.type === "custom") {
      dropped.rest(item, where, customCallFields);
      return [readCustomCall(item, where, book)];
    }
    const call = objectAt(item, "function", where);
    if (call === null) {
      if (isAbsent(item.type) || item.type === "function") {
        return wrong(below(where, "function"), "is required");
      }
      dropped.add(where);
      return [];
    }
    dropped.rest(item, where, callFields);
    const id = textAt(item, "id", where);
    const read = readCall(call, id === "" ? null : id, below(where, "function"), book);
    return [{ ...read, ...proofIn(item) }];
  });
  const old = objectAt(message, "function_call", at);
  return old === null ? calls : [...calls, readCall(old, null, below(at, "function_call"), book)];
}

function readAssistant(message: JsonObject, at: string, book: CallBook, dropped: Dropped) {
  const thought = textAt(message, "reasoning_content", at) ?? textAt(message, "reasoning", at);
  const reasoning = thought ? [{ type: "reasoning", text: thought } as const] : [];
  const content = readParts(message, "content", at, dropped);
  const said = onlyTexts(content, below(at, "content"), dropped);
  const refusal = textAt(message, "refusal", at);
  const refused = refusal === null ? [] : [{ type: "text", text: refusal } as const];
  const calls = readCalls(message, at, book, dropped);
  const parts: AssistantPart[] = [...reasoning, ...said, ...refused, ...calls];
  return markLast(parts, message);
}

function readResult(message: JsonObject, at: string, book: CallBook, dropped: Dropped) {
  const id = textAt(message, "tool_call_id", at);
  const named = book.answer(id === "" ? null : id, textAt(message, "name", at));
  const content = readParts(message, "content", at, dropped);
  const marked = content.find((part) => part.providerOptions !== undefined);
  const bare = content.map(({ providerOptions: _, ...part }) => part);
  const hint = marked?.providerOptions ?? cacheHint(message).providerOptions;
  const hints = hint === undefined ? {} : { providerOptions: hint };
  return { type: "tool-result", ...named, output: resultOutput(bare, false), ...hints } as const;
}

function readSystem(
  message: JsonObject,
  at: string,
  prompt: PromptBuilder,
  dropped: Dropped,
): void {
  const content = markLast(readParts(message, "content", at, dropped), message);
  for (const part of onlyTexts(content, below(at, "content"), dropped)) {
    prompt.system(part.text, part.providerOptions);
  }
}

/** The conversation of a chat request. Throws GatewayError (400) that names the field. */
export function readChatMessages(body: JsonObject, dropped: Dropped): Message[] {
  const prompt = createPrompt();
  const book = createCallBook();
  for (const { item, at } of objectsAt(body, "messages", "")) {
    const role = requiredText(item, "role", at);
    const kind = role === "developer" ? "system" : role === "function" ? "tool" : role;
    const knownFields = Object.hasOwn(fields, kind) ? fields[kind] : undefined;
    if (knownFields === undefined) return wrong(below(at, "role"), "is not a known role");
    const { name, ...fieldsOfTurn } = item;
    // Who speaks; the words themselves are all there.
    if (!isAbsent(name) && kind !== "tool") dropped.tell(below(at, "name"));
    dropped.rest(fieldsOfTurn, at, knownFields);
    if (kind === "system") readSystem(item, at, prompt, dropped);
    else if (kind === "user") prompt.user(markLast(readParts(item, "content", at, dropped), item));
    else if (kind === "assistant") prompt.assistant(readAssistant(item, at, book, dropped));
    else prompt.results([readResult(item, at, book, dropped)]);
  }
  const messages = prompt.prompt();
  return messages.length > 0 ? messages : wrong("messages", "must have some content");
}
