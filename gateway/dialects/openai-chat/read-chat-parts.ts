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
import type { Dropped } from "../hub/read-dropped.ts";
import { below, objectAt, objectsAt, requiredText, textAt } from "../hub/read-fields.ts";

/** What a content part may say beside its own field. */
const knownFields: Readonly<Record<string, ReadonlySet<string>>> = {
  text: new Set(["type", "text", "cache_control"]),
  image_url: new Set(["type", "image_url", "cache_control"]),
  video_url: new Set(["type", "video_url", "cache_control"]),
  input_audio: new Set(["type", "input_audio", "cache_control"]),
  file: new Set(["type", "file", "cache_control"]),
  refusal: new Set(["type", "refusal"]),
};

const addressFields: ReadonlySet<string> = new Set(["url", "detail"]);
const fileFields: ReadonlySet<string> = new Set(["file_data", "filename", "file_id"]);

/** `{url, detail}`, or as many clients have it the address itself. */
function byAddress(part: JsonObject, name: string, at: string, type: string, dropped: Dropped) {
  const value = part[name];
  const path = below(at, name);
  if (typeof value === "string") return fileByAddress(value, type, path);
  if (!isJsonObject(value)) return wrong(path, "must be an object with a url");
  dropped.rest(value, path, addressFields);
  if (!isAbsent(value.detail) && value.detail !== "auto") dropped.add(below(path, "detail"));
  return fileByAddress(requiredText(value, "url", path), type, below(path, "url"));
}

/** A file by its content (`file_data` with `filename`), as OpenAI's two dialects have it. */
export function namedFile(file: JsonObject, at: string): FileSource & { filename?: string } {
  if (!isAbsent(file.file_id) && isAbsent(file.file_data)) refuseFileId(below(at, "file_id"));
  const filename = textAt(file, "filename", at);
  const type = typeByName(filename ?? "", "application/pdf");
  const content = requiredText(file, "file_data", at);
  const source = fileByContent(content, type, below(at, "file_data"));
  return filename === null ? source : { ...source, filename };
}

function required(part: JsonObject, name: string, at: string): JsonObject {
  return objectAt(part, name, at) ?? wrong(below(at, name), "is required");
}

/** A part that is not text, or null where its type is unknown. */
function readFile(part: JsonObject, at: string, dropped: Dropped): UserPart | null {
  switch (part.type) {
    case "image_url":
      return { type: "file", ...byAddress(part, "image_url", at, "image/jpeg", dropped) };
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
    default:
      return null;
  }
}

/** A `content` of chat: a text, or a list of parts. Parts of unknown types are dropped. */
export function readContent(message: JsonObject, at: string, dropped: Dropped): UserPart[] {
  const { content } = message;
  if (typeof content === "string") return [{ type: "text", text: content }];
  return objectsAt(message, "content", at).flatMap(({ item, at: where }) => {
    const type = typeof item.type === "string" ? item.type : "";
    const fields = Object.hasOwn(knownFields, type) ? knownFields[type] : undefined;
    if (fields === undefined) {
      dropped.add(where);
      return [];
    }
    dropped.rest(item, where, fields);
    if (type === "text" || type === "refusal") {
      const text = textAt(item, type, where) ?? "";
      return text === "" ? [] : [{ type: "text", text, ...cacheHint(item) } as const];
    }
    const part = readFile(item, where, dropped);
    return part === null ? [] : [{ ...part, ...cacheHint(item) }];
  });
}
