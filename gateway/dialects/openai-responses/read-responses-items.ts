import type { JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import { createCallBook } from "../hub/parts-calls.ts";
import type { AssistantPart, Message, ReasoningPart } from "../hub/parts-hub.ts";
import { createPrompt, onlyTexts, type PromptBuilder } from "../hub/parts-prompt.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, objectsAt, requiredText, textAt } from "../hub/read-fields.ts";
import { readParts } from "../openai/read-parts.ts";
import { callFields, readCall, readResult, resultFields } from "./read-responses-calls.ts";

/** `id` and `status` are the server's own words, which clients send back. */
const fields: Readonly<Record<string, ReadonlySet<string>>> = {
  message: new Set(["type", "role", "content", "id", "status", "phase"]),
  reasoning: new Set(["type", "id", "status", "summary", "content", "encrypted_content"]),
  // Its tools are read with the others.
  additional_tools: new Set(["type", "id", "role", "tools"]),
  ...callFields,
  ...resultFields,
};

/** OpenAI's own encrypted thoughts, which nobody else can read. */
const openAiSeal = "gAAAA";

function joined(item: JsonObject, name: string, at: string): string {
  const texts = objectsAt(item, name, at).map(({ item: part, at: where }) => {
    return textAt(part, "text", where) ?? "";
  });
  return texts.filter((text) => text !== "").join("\n\n");
}

/** A thought. The answers of this gateway carry Anthropic's signature in `encrypted_content`. */
function readReasoning(item: JsonObject, at: string, dropped: Dropped): ReasoningPart[] {
  const text = joined(item, "content", at) || joined(item, "summary", at);
  const signature = textAt(item, "encrypted_content", at) ?? "";
  const isForeign = signature.startsWith(openAiSeal);
  if (isForeign) dropped.add(below(at, "encrypted_content"));
  if (isForeign || signature === "") return text === "" ? [] : [{ type: "reasoning", text }];
  return [{ type: "reasoning", text, providerOptions: { anthropic: { signature } } }];
}

/** The items of one turn of the model, which stand one by one, as the one message that they are. */
function createTurn(prompt: PromptBuilder) {
  let parts: AssistantPart[] = [];
  let hasText = false;
  let hasCall = false;
  const end = (): void => {
    prompt.assistant(parts);
    parts = [];
    hasText = false;
    hasCall = false;
  };
  const add = (part: AssistantPart): void => {
    parts.push(part);
    hasText ||= part.type === "text";
    hasCall ||= part.type === "tool-call";
  };
  return {
    end,
    add,
    /** A second text is a new message, but never between calls and their results. */
    say(texts: readonly AssistantPart[]) {
      if (hasText && !hasCall) end();
      for (const text of texts) add(text);
    },
  };
}

type Turn = ReturnType<typeof createTurn>;

function readMessage(
  item: JsonObject,
  at: string,
  prompt: PromptBuilder,
  turn: Turn,
  dropped: Dropped,
) {
  const role = requiredText(item, "role", at);
  const content = readParts(item, "content", at, dropped);
  const texts = () => onlyTexts(content, below(at, "content"), dropped);
  if (role === "assistant") {
    turn.say(texts());
    return;
  }
  turn.end();
  if (role === "user") prompt.user(content);
  else if (role === "system" || role === "developer") {
    for (const part of texts()) prompt.system(part.text, part.providerOptions);
  } else wrong(below(at, "role"), "must be user, assistant, system or developer");
}

function readItems(body: JsonObject, prompt: PromptBuilder, dropped: Dropped): void {
  const book = createCallBook();
  const turn = createTurn(prompt);
  for (const { item, at } of objectsAt(body, "input", "")) {
    const type = isAbsent(item.type) && !isAbsent(item.role) ? "message" : item.type;
    if (type === "item_reference") {
      wrong(at, "names an item that this gateway does not keep; send the item itself");
    }
    const knownFields =
      typeof type === "string" && Object.hasOwn(fields, type) ? fields[type] : undefined;
    if (knownFields === undefined || typeof type !== "string") {
      dropped.add(at);
      continue;
    }
    dropped.rest(item, at, knownFields);
    if (type === "message") readMessage(item, at, prompt, turn, dropped);
    else if (type === "reasoning") {
      for (const part of readReasoning(item, at, dropped)) turn.add(part);
    } else if (type in callFields) turn.add(readCall(item, at, book));
    else if (type in resultFields) {
      turn.end();
      prompt.results([readResult(item, at, book, dropped)]);
    }
  }
  turn.end();
}

/** `instructions` and `input` of a Responses request. Throws GatewayError (400). */
export function readResponsesPrompt(body: JsonObject, dropped: Dropped): Message[] {
  const prompt = createPrompt();
  prompt.system(textAt(body, "instructions", "") ?? "");
  if (typeof body.input === "string") prompt.user([{ type: "text", text: body.input }]);
  else readItems(body, prompt, dropped);
  const messages = prompt.prompt();
  return messages.length > 0 ? messages : wrong("input", "must have some content");
}
