import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { documentedNames } from "./read-gemini-names.ts";

type Words = Record<string, unknown>;

/** Written as text, since JSON of protocol buffers writes 64-bit integers so. */
const counts: ReadonlySet<string> = new Set([
  "minItems",
  "maxItems",
  "minLength",
  "maxLength",
  "minProperties",
  "maxProperties",
]);

/** Google's own words, which JSON Schema does not have. */
const foreign: ReadonlySet<string> = new Set(["nullable", "propertyOrdering", "example"]);

function convert(value: unknown): unknown {
  return isJsonObject(value) ? jsonSchema(value) : value;
}

function each(value: unknown): unknown {
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, convert(inner)]));
}

function word(name: string, value: unknown): unknown {
  if (name === "type") return typeof value === "string" ? value.toLowerCase() : value;
  if (name === "properties" || name === "$defs" || name === "defs") return each(value);
  if (name === "items" || name === "additionalProperties") return convert(value);
  if (name === "anyOf") return Array.isArray(value) ? value.map(convert) : value;
  if (counts.has(name) && typeof value === "string" && value !== "") return Number(value);
  return value;
}

/** Null is one more type, and where values are counted up one more value. */
function allowNull(schema: Words): void {
  if (typeof schema.type === "string") schema.type = [schema.type, "null"];
  else if (Array.isArray(schema.anyOf)) schema.anyOf = [...schema.anyOf, { type: "null" }];
  if (Array.isArray(schema.enum)) schema.enum = [...schema.enum, null];
}

/**
 * JSON Schema of Google's OpenAPI form: types in capitals, `nullable`, counts as texts.
 * @see https://ai.google.dev/api/caching#Schema
 */
export function jsonSchema(source: JsonObject): JsonObject {
  const schema: Words = {};
  for (const [name, value] of Object.entries(documentedNames(source))) {
    if (foreign.has(name) || value === null || name === "__proto__") continue;
    if (name === "type" && value === "TYPE_UNSPECIFIED") continue;
    schema[name] = word(name, value);
  }
  if (source.nullable === true) allowNull(schema);
  return schema;
}
