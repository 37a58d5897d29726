import type { JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import type { HubRequest } from "../hub/hub.ts";
import { type CallBook, callInput, createCallBook, resultOutput } from "../hub/parts-calls.ts";
import { fileByContent } from "../hub/parts-files.ts";
import type { AssistantPart, UserPart } from "../hub/parts-hub.ts";
import { createPrompt } from "../hub/parts-prompt.ts";
import { refuseDeep } from "../hub/read-depth.ts";
import { createDropped, type Dropped } from "../hub/read-dropped.ts";
import { below, objectAt, objectsAt, requiredText, textAt } from "../hub/read-fields.ts";
import { readOpenAiTool } from "../hub/read-tools.ts";
import { readOllamaFormat, readOptions, readThink } from "./read-ollama-settings.ts";
import { loadedChat } from "./write-ollama.ts";

const knownFields: ReadonlySet<string> = new Set([
  ...["model", "name", "messages", "tools", "format", "options", "stream", "keep_alive", "think"],
]);

const messageFields: ReadonlySet<string> = new Set([
  ...["role", "content", "images", "thinking", "tool_calls", "tool_name", "tool_call_id", "name"],
]);

const callFields: ReadonlySet<string> = new Set(["id", "type", "function", "index"]);

/** `images`: base64 without a type, as Ollama has them. Throws GatewayError (400). */
export function readImages(object: JsonObject, path: string): UserPart[] {
  const { images } = object;
  if (isAbsent(images)) return [];
  const where = below(path, "images");
  if (!Array.isArray(images)) return wrong(where, "must be a list of images in base64");
  return images.map((image: unknown, index) => {
    const at = `${where}[${index}]`;
    if (typeof image !== "string") return wrong(at, "must be an image in base64");
    return { type: "file", ...fileByContent(image, imageType(image), at) };
  });
}

/** The type of an image by the first bytes of its base64. */
function imageType(base64: string): string {
  if (base64.startsWith("/9j/")) return "image/jpeg";
  if (base64.startsWith("R0lGOD")) return "image/gif";
  if (base64.startsWith("UklGR")) return "image/webp";
  return base64.startsWith("Qk") ? "image/bmp" : "image/png";
}

function readCalls(message: JsonObject, at: string, book: CallBook, dropped: Dropped) {
  return objectsAt(message, "tool_calls", at).map(({ item, at: where }): AssistantPart => {
    const inner = below(where, "function");
    const call = objectAt(item, "function", where) ?? wrong(inner, "is required");
    dropped.rest(item, where, callFields);
    const name = requiredText(call, "name", inner);
    const input = callInput(call.arguments, below(inner, "arguments"));
    const id = textAt(item, "id", where);
    return {
      type: "tool-call",
      toolCallId: book.call(id === "" ? null : id, name),
      toolName: name,
      input,
    };
  });
}

/** The conversation of `/api/chat`. */
function readMessages(body: JsonObject, dropped: Dropped) {
  const prompt = createPrompt();
  const book = createCallBook();
  for (const { item, at } of objectsAt(body, "messages", "")) {
    const role = requiredText(item, "role", at);
    const text = { type: "text", text: textAt(item, "content", at) ?? "" } as const;
    dropped.rest(item, at, messageFields);
    if (role === "system") prompt.system(text.text);
    else if (role === "user") prompt.user([text, ...readImages(item, at)]);
    else if (role === "assistant") {
      const thought = textAt(item, "thinking", at);
      const reasoning = thought ? [{ type: "reasoning", text: thought } as const] : [];
      prompt.assistant([...reasoning, text, ...readCalls(item, at, book, dropped)]);
    } else if (role === "tool") {
      const name = textAt(item, "tool_name", at) ?? textAt(item, "name", at);
      const called = book.answer(textAt(item, "tool_call_id", at), name);
      prompt.results([{ type: "tool-result", ...called, output: resultOutput([text], false) }]);
    } else wrong(below(at, "role"), "must be system, user, assistant or tool");
  }
  return prompt.prompt();
}

/**
 * What a request of `/api/chat` means. Without messages it asks for the model to be loaded, and the
 * answer comes at once. Throws GatewayError (400) that names the field.
 * @see https://docs.ollama.com/api/chat
 */
export function readOllamaChat(body: JsonObject): HubRequest {
  refuseDeep(body);
  const dropped = createDropped();
  const settings = readOptions(body, dropped);
  const prompt = readMessages(body, dropped);
  const tools = objectsAt(body, "tools", "").flatMap((tool) => {
    if ((tool.item.type ?? "function") === "function") return [readOpenAiTool(tool, dropped)];
    dropped.add(tool.at);
    return [];
  });
  if (tools.length > 0) settings.tools = tools;
  readOllamaFormat(body, settings);
  readThink(body, settings, dropped);
  dropped.rest(body, "", knownFields);
  return {
    options: { ...settings, prompt },
    dropped: dropped.list(),
    told: dropped.tolds(),
    ...(prompt.length === 0 ? { reply: loadedChat } : {}),
  };
}
