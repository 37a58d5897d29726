import type { JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import { audioType, fileByAddress, fileByContent, refuseFileId } from "../hub/parts-files.ts";
import { cacheHint, type UserPart } from "../hub/parts-hub.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, objectAt, objectsAt, requiredText, textAt } from "../hub/read-fields.ts";
import { namedFile } from "../openai-chat/read-chat-parts.ts";

const texts: ReadonlySet<string> = new Set(["type", "text", "cache_control"]);

const knownFields: Readonly<Record<string, ReadonlySet<string>>> = {
  input_text: texts,
  output_text: texts,
  text: texts,
  refusal: new Set(["type", "refusal"]),
  input_image: new Set(["type", "image_url", "detail", "file_id", "cache_control"]),
  input_file: new Set([
    "type",
    "file_data",
    "file_url",
    "file_id",
    "filename",
    "detail",
    "cache_control",
  ]),
  input_audio: new Set(["type", "input_audio", "cache_control"]),
};

function readImage(part: JsonObject, at: string, dropped: Dropped): UserPart {
  if (isAbsent(part.image_url) && !isAbsent(part.file_id)) refuseFileId(below(at, "file_id"));
  if (!isAbsent(part.detail) && part.detail !== "auto") dropped.add(below(at, "detail"));
  const path = below(at, "image_url");
  return {
    type: "file",
    ...fileByAddress(requiredText(part, "image_url", at), "image/jpeg", path),
  };
}

function readFile(part: JsonObject, at: string): UserPart {
  const address = textAt(part, "file_url", at);
  if (address === null) return { type: "file", ...namedFile(part, at) };
  const filename = textAt(part, "filename", at);
  return {
    type: "file",
    ...fileByAddress(address, "application/pdf", below(at, "file_url")),
    ...(filename === null ? {} : { filename }),
  };
}

function readAudio(part: JsonObject, at: string): UserPart {
  const where = below(at, "input_audio");
  const audio = objectAt(part, "input_audio", at) ?? wrong(where, "is required");
  const type = audioType(textAt(audio, "format", where) ?? "wav");
  const content = requiredText(audio, "data", where);
  return { type: "file", ...fileByContent(content, type, below(where, "data")) };
}

/** A text, or a list of parts, at `name` (`content` or `output`). Unknown parts are dropped. */
export function readResponsesContent(
  item: JsonObject,
  name: string,
  at: string,
  dropped: Dropped,
): UserPart[] {
  const value = item[name];
  if (typeof value === "string") return [{ type: "text", text: value }];
  return objectsAt(item, name, at).flatMap(({ item: part, at: where }): UserPart[] => {
    const type = typeof part.type === "string" ? part.type : "";
    const fields = Object.hasOwn(knownFields, type) ? knownFields[type] : undefined;
    if (fields === undefined) {
      dropped.add(where);
      return [];
    }
    dropped.rest(part, where, fields);
    if (type === "input_image") return [{ ...readImage(part, where, dropped), ...cacheHint(part) }];
    if (type === "input_file") return [{ ...readFile(part, where), ...cacheHint(part) }];
    if (type === "input_audio") return [{ ...readAudio(part, where), ...cacheHint(part) }];
    const text = textAt(part, type === "refusal" ? "refusal" : "text", where) ?? "";
    return text === "" ? [] : [{ type: "text", text, ...cacheHint(part) }];
  });
}
