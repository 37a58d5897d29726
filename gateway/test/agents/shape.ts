import { isJsonObject } from "../../json-object.ts";

/** Texts that are a part of a request's form: kinds, roles, names, patterns of schemas. */
const formal: ReadonlySet<string> = new Set([
  ...["type", "role", "name", "model", "id", "call_id", "tool_use_id", "tool_call_id", "namespace"],
  ...[
    "execution",
    "status",
    "effort",
    "tool_choice",
    "syntax",
    "format",
    "signature",
    "mode",
    "ttl",
  ],
  ...["$schema", "pattern", "required", "enum", "const", "thoughtSignature", "arguments", "input"],
]);

/** Longer texts are what people and agents say. */
const longest = 24;

/**
 * A request with the same form and sizes, and nothing that an agent or a person says: such texts become
 * filler of equal length.
 */
export function shapeOf(value: unknown, field = ""): unknown {
  if (Array.isArray(value)) return value.map((one) => shapeOf(one, field));
  if (isJsonObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, shapeOf(one, name)]),
    );
  }
  if (typeof value !== "string" || formal.has(field)) return value;
  return value.length > longest || field === "text" ? "x".repeat(value.length) : value;
}
