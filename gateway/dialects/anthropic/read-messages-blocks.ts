import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent } from "../field-checks.ts";
import { cacheHint, type UserPart } from "../hub/parts-hub.ts";
import { readSource, sourceOf } from "../hub/parts-source.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, readEach, requiredText, textAt } from "../hub/read-fields.ts";
import { readPart } from "../openai/read-parts.ts";

const knownFields: Readonly<Record<string, ReadonlySet<string>>> = {
  text: new Set(["type", "text", "cache_control"]),
  image: new Set(["type", "source", "cache_control"]),
  document: new Set(["type", "source", "title", "context", "cache_control"]),
  search_result: new Set(["type", "source", "title", "content", "cache_control"]),
  tool_reference: new Set(["type", "tool_name", "cache_control"]),
};

/** Title and context of a document, which no other API has, as text before it. */
function aboutDocument(block: JsonObject, at: string): UserPart[] {
  const lines = [
    ["Title", textAt(block, "title", at)],
    ["Context", textAt(block, "context", at)],
  ].flatMap(([word, text]) => (text ? [`${word} of the document: ${text}`] : []));
  return lines.length === 0 ? [] : [{ type: "text", text: lines.join("\n") }];
}

function readDocument(block: JsonObject, at: string, dropped: Dropped): UserPart[] {
  const source = sourceOf(block, at);
  const where = below(at, "source");
  const about = aboutDocument(block, at);
  if (source.type === "content") {
    return [...about, ...readBlocks(source, "content", where, dropped)];
  }
  const title = textAt(block, "title", at);
  const named = { ...(title === null ? {} : { filename: title }), ...cacheHint(block) };
  if (source.type === "text") {
    const text = textAt(source, "data", where) ?? "";
    if (text === "") return about;
    const data = { type: "text", text } as const;
    return [...about, { type: "file", mediaType: "text/plain", data, ...named }];
  }
  return [...about, { ...readSource(source, where, "application/pdf"), ...named }];
}

/** What a search found, as text: nobody else has a word for it. */
function readFinding(block: JsonObject, at: string, dropped: Dropped): UserPart[] {
  const found = readBlocks(block, "content", at, dropped);
  const texts = found.flatMap((part) => (part.type === "text" ? [part.text] : []));
  const head = [textAt(block, "title", at), textAt(block, "source", at)];
  const text = [...head, ...texts].filter((line) => line !== null && line !== "").join("\n");
  return text === "" ? [] : [{ type: "text", text, ...cacheHint(block) }];
}

/**
 * One block that a user, a system prompt or a tool's result may have; null where its type is
 * unknown.
 */
export function readBlock(block: JsonObject, at: string, dropped: Dropped): UserPart[] | null {
  const type = typeof block.type === "string" ? block.type : "";
  const fields = Object.hasOwn(knownFields, type) ? knownFields[type] : undefined;
  // Clients that know OpenAI's API too mix the two.
  if (fields === undefined) return readPart(block, at, dropped);
  // Citations are no more than switched on or off, and off is what everybody else has.
  const { citations } = block;
  const idle = isJsonObject(citations) && citations.enabled !== true;
  dropped.rest(idle ? { ...block, citations: null } : block, at, fields);
  if (type === "document") return readDocument(block, at, dropped);
  if (type === "search_result") return readFinding(block, at, dropped);
  if (type === "tool_reference") {
    const name = requiredText(block, "tool_name", at);
    return [{ type: "text", text: `The tool ${name} can be called now.`, ...cacheHint(block) }];
  }
  if (type === "image") {
    const part = readSource(sourceOf(block, at), below(at, "source"), "image/jpeg");
    return [{ ...part, ...cacheHint(block) }];
  }
  const text = textAt(block, "text", at) ?? "";
  return text === "" ? [] : [{ type: "text", text, ...cacheHint(block) }];
}

/** A text, or a list of blocks, at `name`. Unknown blocks are dropped. */
export function readBlocks(
  object: JsonObject,
  name: string,
  at: string,
  dropped: Dropped,
): UserPart[] {
  const value = object[name];
  if (isAbsent(value)) return [];
  if (typeof value === "string") return [{ type: "text", text: value }];
  return readEach(object, name, at, dropped, (item, where) => readBlock(item, where, dropped));
}
