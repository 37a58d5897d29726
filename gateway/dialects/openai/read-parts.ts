import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import {
  audioType,
  type FileSource,
  fileByAddress,
  fileByContent,
  refuseFileId,
  typeByName,
} from "../hub/parts-files.ts";
import { cacheHint, type UserPart } from "../hub/parts-hub.ts";
import { readSource, sourceOf } from "../hub/parts-source.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, objectAt, readEach, requiredText, textAt } from "../hub/read-fields.ts";

const fieldsOf = (names: string): ReadonlySet<string> =>
  new Set(["type", "cache_control", ...names.split(" ")]);

/** What a part may say. Each API has types of its own, and clients mix them. */
const knownFields: Readonly<Record<string, ReadonlySet<string>>> = {
  text: fieldsOf("text"),
  input_text: fieldsOf("text"),
  output_text: fieldsOf("text"),
  refusal: fieldsOf("refusal"),
  image_url: fieldsOf("image_url detail"),
  input_image: fieldsOf("image_url detail file_id"),
  video_url: fieldsOf("video_url"),
  input_audio: fieldsOf("input_audio"),
  file: fieldsOf("file"),
  // Anthropic's, and its words for where the image is.
  image: fieldsOf("source"),
  input_file: fieldsOf("file_data file_url file_id filename detail"),
};

const addressFields: ReadonlySet<string> = new Set(["url", "detail"]);
const fileFields: ReadonlySet<string> = new Set(["file_data", "filename", "file_id"]);

/** `auto` is what everybody else has. */
function dropDetail({ detail }: JsonObject, at: string, dropped: Dropped): void {
  if (!isAbsent(detail) && detail !== "auto") dropped.add(below(at, "detail"));
}

/** `{url, detail}` as in chat, or the address itself as in Responses. */
function byAddress(part: JsonObject, name: string, at: string, type: string, dropped: Dropped) {
  const value = part[name];
  const path = below(at, name);
  dropDetail(part, at, dropped);
  if (typeof value === "string") return fileByAddress(value, type, path);
  if (isAbsent(value)) return wrong(path, "is required");
  if (!isJsonObject(value)) return wrong(path, "must be an object with a url");
  dropped.rest(value, path, addressFields);
  dropDetail(value, path, dropped);
  return fileByAddress(requiredText(value, "url", path), type, below(path, "url"));
}

/** A file by its content (`file_data` with `filename`). */
function namedFile(file: JsonObject, at: string): FileSource & { filename?: string } {
  if (!isAbsent(file.file_id) && isAbsent(file.file_data)) refuseFileId(below(at, "file_id"));
  const filename = textAt(file, "filename", at);
  const type = typeByName(filename ?? "", "application/pdf");
  const content = requiredText(file, "file_data", at);
  const source = fileByContent(content, type, below(at, "file_data"));
  return filename === null ? source : { ...source, filename };
}

function inputFile(part: JsonObject, at: string): FileSource & { filename?: string } {
  const address = textAt(part, "file_url", at);
  if (address === null) return namedFile(part, at);
  const filename = textAt(part, "filename", at);
  const source = fileByAddress(address, "application/pdf", below(at, "file_url"));
  return filename === null ? source : { ...source, filename };
}

function required(part: JsonObject, name: string, at: string): JsonObject {
  return objectAt(part, name, at) ?? wrong(below(at, name), "is required");
}

/** A part that is no text. */
function readFile(part: JsonObject, at: string, dropped: Dropped): UserPart {
  switch (part.type) {
    case "video_url":
      return { type: "file", ...byAddress(part, "video_url", at, "video/mp4", dropped) };
    case "input_audio": {
      const audio = required(part, "input_audio", at);
      const where = below(at, "input_audio");
      const type = audioType(textAt(audio, "format", where) ?? "wav");
      const content = requiredText(audio, "data", where);
      return { type: "file", ...fileByContent(content, type, below(where, "data")) };
    }
    case "file": {
      const file = required(part, "file", at);
      dropped.rest(file, below(at, "file"), fileFields);
      return { type: "file", ...namedFile(file, below(at, "file")) };
    }
    case "image":
      return readSource(sourceOf(part, at), below(at, "source"), "image/jpeg");
    case "input_file":
      return { type: "file", ...inputFile(part, at) };
    default:
      if (isAbsent(part.image_url) && !isAbsent(part.file_id)) refuseFileId(below(at, "file_id"));
      return { type: "file", ...byAddress(part, "image_url", at, "image/jpeg", dropped) };
  }
}

/** One part; null where its type is unknown. Throws GatewayError (400). */
export function readPart(part: JsonObject, at: string, dropped: Dropped): UserPart[] | null {
  const type = typeof part.type === "string" ? part.type : "";
  const fields = Object.hasOwn(knownFields, type) ? knownFields[type] : undefined;
  if (fields === undefined) return null;
  dropped.rest(part, at, fields);
  if (fields.has("text") || type === "refusal") {
    const text = textAt(part, type === "refusal" ? type : "text", at) ?? "";
    return text === "" ? [] : [{ type: "text", text, ...cacheHint(part) }];
  }
  return [{ ...readFile(part, at, dropped), ...cacheHint(part) }];
}

/** A text, or a list of parts, at `name`. Parts of unknown types are dropped. */
export function readParts(
  object: JsonObject,
  name: string,
  at: string,
  dropped: Dropped,
): UserPart[] {
  const value = object[name];
  if (typeof value === "string") return [{ type: "text", text: value }];
  return readEach(object, name, at, dropped, (item, where) => readPart(item, where, dropped));
}
