import type { JsonObject } from "../../json-object.ts";
import { wrong } from "../field-checks.ts";
import { type CallBook, createCallBook } from "../hub/parts-calls.ts";
import type { AssistantPart, Message, ResultPart, UserPart } from "../hub/parts-hub.ts";
import { createPrompt, type PromptBuilder } from "../hub/parts-prompt.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, textAt } from "../hub/read-fields.ts";
import { allNamedAt, namedAt } from "./read-gemini-names.ts";
import { readCall, readMedia, readResult, readSaid } from "./read-gemini-parts.ts";

const contentFields: ReadonlySet<string> = new Set(["role", "parts"]);
const partFields: ReadonlySet<string> = new Set([
  "text",
  "thought",
  "thoughtSignature",
  "inlineData",
  "fileData",
  "functionCall",
  "functionResponse",
]);

/**
 * Puts a part behind the others. Pieces of one text or thought become one again: clients keep a
 * streamed answer as the pieces that it came in, and a proof holds for the whole.
 */
function append(parts: AssistantPart[], part: AssistantPart): void {
  const last = parts.at(-1);
  const joins =
    (part.type === "text" && last?.type === "text") ||
    (part.type === "reasoning" && last?.type === "reasoning");
  if (!joins || last.providerOptions !== undefined) parts.push(part);
  else parts[parts.length - 1] = { ...part, text: last.text + part.text };
}

function readModel(
  content: JsonObject,
  at: string,
  parts: AssistantPart[],
  book: CallBook,
  dropped: Dropped,
): void {
  for (const { item, at: where } of allNamedAt(content, "parts", at)) {
    dropped.others(item, where, partFields);
    if (item.functionCall !== undefined && item.functionCall !== null) {
      append(parts, readCall(item, where, book, dropped));
    } else if (readMedia(item, where, dropped) !== null) dropped.add(where);
    else for (const part of readSaid(item, where)) append(parts, part);
  }
}

/** Results come before what else the user says, wherever they stand in the list. */
function readUser(
  content: JsonObject,
  at: string,
  prompt: PromptBuilder,
  book: CallBook,
  dropped: Dropped,
): void {
  const said: UserPart[] = [];
  const results: ResultPart[] = [];
  for (const { item, at: where } of allNamedAt(content, "parts", at)) {
    dropped.others(item, where, partFields);
    const result = namedAt(item, "functionResponse", where);
    const text = textAt(item, "text", where);
    if (result !== null) {
      results.push(readResult(result, below(where, "functionResponse"), book, dropped));
    } else if (text !== null) said.push({ type: "text", text });
    else {
      const media = readMedia(item, where, dropped);
      if (media !== null) said.push(media);
    }
  }
  prompt.results(results);
  prompt.user(said);
}

function readSystem(body: JsonObject, prompt: PromptBuilder, dropped: Dropped): void {
  const path = "systemInstruction";
  if (typeof body[path] === "string") {
    prompt.system(body[path]);
    return;
  }
  const instruction = namedAt(body, path, "");
  if (instruction === null) return;
  dropped.rest(instruction, path, contentFields);
  for (const { item, at } of allNamedAt(instruction, "parts", path)) {
    dropped.others(item, at, new Set(["text"]));
    prompt.system(textAt(item, "text", at) ?? "");
  }
}

/** `systemInstruction` and `contents` of a Gemini request. Throws GatewayError (400). */
export function readContents(body: JsonObject, dropped: Dropped): Message[] {
  const prompt = createPrompt();
  const book = createCallBook();
  readSystem(body, prompt, dropped);
  // The pieces of one turn of the model, which a client may have kept as several contents.
  let turn: AssistantPart[] = [];
  for (const { item, at } of allNamedAt(body, "contents", "")) {
    dropped.rest(item, at, contentFields);
    const role = textAt(item, "role", at) || "user";
    if (role === "model") {
      readModel(item, at, turn, book, dropped);
      continue;
    }
    prompt.assistant(turn);
    turn = [];
    if (role !== "user" && role !== "function" && role !== "tool") {
      wrong(below(at, "role"), "must be user or model");
    }
    readUser(item, at, prompt, book, dropped);
  }
  prompt.assistant(turn);
  const messages = prompt.prompt();
  return messages.length > 0 ? messages : wrong("contents", "must have some content");
}
