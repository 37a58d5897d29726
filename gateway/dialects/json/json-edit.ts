import {
  findTopLevel,
  isEmptyObject,
  openingBrace,
  type Range,
  topLevelFields,
} from "./json-scan.ts";

/** New JSON text for a range; an empty range inserts. */
export type Edit = Range & Readonly<{ text: string }>;

/**
 * `bytes` with the ranges replaced, which must be in order and apart. Every other byte stays:
 * parsing and writing the JSON again would change big integers, duplicate keys and broken UTF-8.
 */
export function applyEdits(bytes: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return bytes;
  const parts: Buffer[] = [];
  let done = 0;
  for (const edit of edits) {
    parts.push(bytes.subarray(done, edit.start), Buffer.from(edit.text));
    done = edit.end;
  }
  parts.push(bytes.subarray(done));
  return Buffer.concat(parts);
}

/** The edit that puts `"name":value` first into the object whose brace is at `open`. */
function insertion(bytes: Buffer, open: number, name: string, value: string): Edit {
  const text = `${JSON.stringify(name)}:${value}${isEmptyObject(bytes, open) ? "" : ","}`;
  return { start: open + 1, end: open + 1, text };
}

/**
 * The object with its top-level field `name` set to `value` (JSON text): put in front where it is
 * absent, else replaced in every occurrence, since upstreams differ in which of two they take. What
 * is no object comes back as it is.
 */
export function withField(bytes: Buffer, name: string, value: string): Buffer {
  const found = findTopLevel(bytes, name);
  if (found.length > 0) {
    return applyEdits(
      bytes,
      found.map(({ start, end }) => ({ start, end, text: value })),
    );
  }
  const open = openingBrace(bytes);
  return open < 0 ? bytes : applyEdits(bytes, [insertion(bytes, open, name, value)]);
}

/** The request under another model name. */
export function withModel(bytes: Buffer, model: string): Buffer {
  return withField(bytes, "model", JSON.stringify(model));
}

/** The request as a streaming one, or not. */
export function withStream(bytes: Buffer, stream: boolean): Buffer {
  return withField(bytes, "stream", String(stream));
}

/** The edits that make one `stream_options` ask for usage; none where it does, or is no object. */
function usageEdits(bytes: Buffer, { start, end }: Range): Edit[] {
  if (bytes.toString("latin1", start, Math.min(end, start + 5)) === "null") {
    return [{ start, end, text: '{"include_usage":true}' }];
  }
  if (openingBrace(bytes, start) !== start) return [];
  const found = topLevelFields(bytes, start).filter((field) => field.name === "include_usage");
  if (found.length === 0) return [insertion(bytes, start, "include_usage", "true")];
  return found
    .filter((field) => bytes.toString("latin1", field.start, field.end) !== "true")
    .map((field) => ({ start: field.start, end: field.end, text: "true" }));
}

/**
 * The request with `stream_options.include_usage` true, other options kept. A `stream_options` of
 * the wrong type is left for the upstream to refuse.
 */
export function withIncludeUsage(bytes: Buffer): Buffer {
  const found = findTopLevel(bytes, "stream_options");
  if (found.length === 0) return withField(bytes, "stream_options", '{"include_usage":true}');
  return applyEdits(
    bytes,
    found.flatMap((range) => usageEdits(bytes, range)),
  );
}
