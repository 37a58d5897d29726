import type { SharedV4Warning } from "@ai-sdk/provider";
import { GatewayError } from "../../errors.ts";
import type { Translator } from "./hub.ts";

type FieldName = Translator["fieldName"];

/** A header holds this much of what was dropped; the rest is counted. */
const most = 50;
const longestName = 120;

/** What a provider had to leave out or change, as a name or in its own words; null for advice. */
function nameOf(warning: SharedV4Warning, fieldName: FieldName): string | null {
  switch (warning.type) {
    case "unsupported":
    case "compatibility":
      return fieldName(warning.feature);
    case "other":
      return warning.message;
    default:
      return null;
  }
}

/** A name that can stand in a list in a header. */
function plain(name: string): string {
  return name.slice(0, longestName).replace(/[^\x20-\x7e]|,/g, "?");
}

/** All that did not get through, each once: what the reader left out and what the provider did. */
export function droppedNames(
  read: readonly string[],
  warnings: readonly SharedV4Warning[],
  fieldName: FieldName,
): string[] {
  const changed = warnings
    .map((warning) => nameOf(warning, fieldName))
    .filter((name) => name !== null);
  return [...new Set([...read, ...changed].map(plain))].slice(0, most);
}

/** What a strict gateway answers to a request that would lose something. */
export function refuseDropped(names: readonly string[]): never {
  throw new GatewayError(
    "invalid_request",
    `The upstream of this model has another API, which has no field for: ${names.join(", ")}.`,
    { param: names[0] ?? null },
  );
}
