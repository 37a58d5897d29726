import type { JsonObject } from "../../json-object.ts";
import { topLevelFields } from "./json-scan.ts";

/** A field of more bytes is left out: it may be repeated in many events. */
const mostBytes = 4 * 1024;

/** The named top-level fields of a JSON object that are short. Null is a body that is no JSON. */
export function smallFields(bytes: Buffer | null, names: readonly string[]): JsonObject {
  const found: Record<string, unknown> = {};
  if (bytes === null || names.length === 0) return found;
  for (const { name, start, end } of topLevelFields(bytes)) {
    if (!names.includes(name) || end - start > mostBytes) continue;
    try {
      found[name] = JSON.parse(bytes.toString("utf8", start, end));
    } catch {
      // The upstream refuses such a body.
    }
  }
  return found;
}
