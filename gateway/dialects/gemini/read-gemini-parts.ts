import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import { type CallBook, callInput, resultOutput } from "../hub/parts-calls.ts";
import { fileByAddress, fileByContent, refuseFileId } from "../hub/parts-files.ts";
import type { AssistantPart, ResultPart, UserPart } from "../hub/parts-hub.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, objectAt, requiredText, textAt } from "../hub/read-fields.ts";
import { allNamedAt, namedAt } from "./read-gemini-names.ts";

type File = Extract<UserPart, { type: "file" }>;

/** Google's own place for files, which nobody else can read. */
const fileHost = "generativelanguage.googleapis.com";

const blobFields: ReadonlySet<string> = new Set(["mimeType", "data", "displayName"]);
const fileFields: ReadonlySet<string> = new Set(["mimeType", "fileUri", "displayName"]);
const callFields: ReadonlySet<string> = new Set(["id", "name", "args"]);
const resultFields: ReadonlySet<string> = new Set(["id", "name", "response", "parts"]);

/** Bytes in protocol buffers' JSON may be in the alphabet for addresses. */
function plainBase64(data: string): string {
  return data.includes("-") || data.includes("_")
    ? data.replaceAll("-", "+").replaceAll("_", "/")
    : data;
}

/** Gemini takes a video by its page, without a type. */
const videoSite = /^https?:\/\/(?:[\w-]+\.)*(?:youtube\.com|youtu\.be)\//i;

/** `inlineData` or `fileData`; null where the part has neither. */
export function readMedia(part: JsonObject, at: string, dropped: Dropped): File | null {
  const blob = namedAt(part, "inlineData", at);
  if (blob !== null) {
    const where = below(at, "inlineData");
    dropped.rest(blob, where, blobFields);
    const type = requiredText(blob, "mimeType", where);
    const data = plainBase64(requiredText(blob, "data", where));
    return {
      type: "file",
      ...fileByContent(data, type, below(where, "data")),
      ...nameOf(blob, where),
    };
  }
  const file = namedAt(part, "fileData", at);
  if (file === null) return null;
  const where = below(at, "fileData");
  dropped.rest(file, where, fileFields);
  const uri = requiredText(file, "fileUri", where);
  const otherwise = videoSite.test(uri) ? "video/mp4" : "application/octet-stream";
  const source = fileByAddress(uri, otherwise, below(where, "fileUri"));
  if (source.data.type === "url" && source.data.url.hostname === fileHost) {
    refuseFileId(below(where, "fileUri"));
  }
  const mediaType = textAt(file, "mimeType", where) || source.mediaType;
  return { type: "file", ...source, mediaType, ...nameOf(file, where) };
}

function nameOf(media: JsonObject, at: string): { filename?: string } {
  const filename = textAt(media, "displayName", at);
  return filename === null || filename === "" ? {} : { filename };
}

/**
 * Documented: `output` is what the function gave, `error` why it failed, else the whole is its
 * output.
 */
function responseText(response: JsonObject): { text: string; failed: boolean } {
  const failed = !isAbsent(response.error);
  const value = response.error ?? response.output ?? response.result ?? response;
  return { text: typeof value === "string" ? value : JSON.stringify(value), failed };
}

export function readResult(
  result: JsonObject,
  at: string,
  book: CallBook,
  dropped: Dropped,
): ResultPart {
  dropped.rest(result, at, resultFields);
  const named = book.answer(textAt(result, "id", at) || null, requiredText(result, "name", at));
  const { text, failed } = responseText(objectAt(result, "response", at) ?? {});
  const files = allNamedAt(result, "parts", at).flatMap(({ item, at: where }) => {
    const file = readMedia(item, where, dropped);
    if (file === null || failed) dropped.add(where);
    return file === null ? [] : [file];
  });
  const output = resultOutput([{ type: "text", text }, ...files], failed);
  return { type: "tool-result", ...named, output };
}

/** A call with the proof of the thought behind it, which Gemini wants back. */
export function readCall(
  part: JsonObject,
  at: string,
  book: CallBook,
  dropped: Dropped,
): AssistantPart {
  const call = namedAt(part, "functionCall", at) ?? {};
  const where = below(at, "functionCall");
  dropped.rest(call, where, callFields);
  const toolName = requiredText(call, "name", where);
  const toolCallId = book.call(textAt(call, "id", where) || null, toolName);
  if (!isAbsent(call.args) && !isJsonObject(call.args)) {
    return wrong(below(where, "args"), "must be an object");
  }
  const input = callInput(call.args, where);
  return { type: "tool-call", toolCallId, toolName, input, ...proofOf(part, at) };
}

/** `thoughtSignature`, for `providerOptions`. */
function proofOf(part: JsonObject, at: string) {
  const thoughtSignature = textAt(part, "thoughtSignature", at);
  if (thoughtSignature === null || thoughtSignature === "") return {};
  return { providerOptions: { google: { thoughtSignature } } };
}

/**
 * A text of the model's or a thought. The proof on a thought is also Anthropic's: Gemini itself has
 * its own on answers and calls, and the answers of this gateway carry Anthropic's there.
 */
export function readSaid(part: JsonObject, at: string): AssistantPart[] {
  const text = textAt(part, "text", at) ?? "";
  const proof = proofOf(part, at);
  if (part.thought !== true) return text === "" ? [] : [{ type: "text", text, ...proof }];
  const signature = proof.providerOptions?.google.thoughtSignature;
  if (signature === undefined) return text === "" ? [] : [{ type: "reasoning", text }];
  const both = { ...proof.providerOptions, anthropic: { signature } };
  return [{ type: "reasoning", text, providerOptions: both }];
}
