import type { JsonObject } from "../../json-object.ts";
import { wrong } from "../field-checks.ts";
import { fileByAddress, fileByContent, refuseFileId } from "./parts-files.ts";
import type { UserPart } from "./parts-hub.ts";
import { below, objectAt, requiredText, textAt } from "./read-fields.ts";

/** Anthropic's `source` of an image or a document. Throws GatewayError (400) if it is missing. */
export function sourceOf(block: JsonObject, at: string): JsonObject {
  return objectAt(block, "source", at) ?? wrong(below(at, "source"), "is required");
}

/** `base64`, `url` or `file`; the type is guessed only for addresses. */
export function readSource(source: JsonObject, at: string, otherwise: string): UserPart {
  switch (source.type) {
    case "base64": {
      const type = textAt(source, "media_type", at) || otherwise;
      const content = requiredText(source, "data", at);
      return { type: "file", ...fileByContent(content, type, below(at, "data")) };
    }
    case "url":
      return {
        type: "file",
        ...fileByAddress(requiredText(source, "url", at), otherwise, below(at, "url")),
      };
    case "file":
      return refuseFileId(below(at, "file_id"));
    default:
      return wrong(below(at, "type"), "must be base64 or url");
  }
}
