import { type Field, openingBrace, type Range, topLevelFields } from "./json-scan.ts";

/** An object of a list: where it stands, and its fields. */
export type JsonItem = Range & { readonly fields: readonly Field[] };

const openBracket = 0x5b;
const closeBrace = 0x7d;
const comma = 0x2c;

function skipSpace(bytes: Buffer, from: number): number {
  let at = from;
  for (let byte = bytes[at]; byte === 0x20 || (byte !== undefined && byte >= 9 && byte <= 13); ) {
    at += 1;
    byte = bytes[at];
  }
  return at;
}

/**
 * The objects of the list at `list`, in order, up to the first item that is none. Nothing is parsed;
 * a value that is no list has none.
 */
export function* itemsOfList(bytes: Buffer, list: Range): Generator<JsonItem> {
  if (bytes[list.start] !== openBracket) return;
  for (let at = list.start; at < list.end; ) {
    const start = openingBrace(bytes, at + 1);
    if (start < 0) return;
    const fields = topLevelFields(bytes, start);
    const close = skipSpace(bytes, fields.at(-1)?.end ?? start + 1);
    if (bytes[close] !== closeBrace) return;
    yield { start, end: close + 1, fields };
    at = skipSpace(bytes, close + 1);
    if (bytes[at] !== comma) return;
  }
}

/** The last field of this name, which is the one that counts; undefined for none. */
export function fieldOf({ fields }: Pick<JsonItem, "fields">, name: string): Field | undefined {
  return fields.findLast((field) => field.name === name);
}

/** The text of a string without escapes in it; null for anything else. */
export function plainText(bytes: Buffer, range: Range | undefined): string | null {
  if (range === undefined) return null;
  const text = bytes.toString("utf8", range.start, range.end);
  if (!text.startsWith('"')) return null;
  if (!text.includes("\\")) return text.slice(1, -1);
  try {
    return String(JSON.parse(text));
  } catch {
    return null;
  }
}
