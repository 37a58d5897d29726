import type { JsonObject } from "../../json-object.ts";
import { asSchema } from "./parts-hub.ts";
import type { Dropped } from "./read-dropped.ts";
import { below, flagAt, objectAt, textAt } from "./read-fields.ts";
import { addHint, type CallSettings } from "./read-settings.ts";

const formatFields: ReadonlySet<string> = new Set([
  "type",
  "json_schema",
  "name",
  "description",
  "schema",
  "strict",
]);

/**
 * A format of OpenAI's: `response_format` (`chat`, the schema in `json_schema`) or `text.format`
 * (`responses`, flat). A `json_object` with a schema is llama-server's.
 */
export function readFormat(
  format: JsonObject,
  path: string,
  settings: CallSettings,
  dropped: Dropped,
): void {
  const { type } = format;
  if (type === "text") return;
  if (type !== "json_object" && type !== "json_schema") {
    dropped.add(path);
    return;
  }
  const inner = objectAt(format, "json_schema", path);
  const source = inner ?? format;
  const where = inner === null ? path : below(path, "json_schema");
  const schema = objectAt(source, "schema", where);
  const name = textAt(source, "name", where);
  const description = textAt(source, "description", where);
  settings.responseFormat = {
    type: "json",
    ...(schema === null ? {} : { schema: asSchema(schema) }),
    ...(name === null ? {} : { name }),
    ...(description === null ? {} : { description }),
  };
  // The hub's word for silence is strict, OpenAI's is not.
  const strict = flagAt(source, "strict", where) ?? false;
  if (schema !== null) addHint(settings, "openaiCompatible", { strictJsonSchema: strict });
  dropped.rest(source, where, formatFields);
}

/** A schema of a dialect with schemas that OpenAI's strict mode does not take. */
export function setSchema(settings: CallSettings, schema: JsonObject, name: string | null): void {
  settings.responseFormat = {
    type: "json",
    schema: asSchema(schema),
    ...(name === null ? {} : { name }),
  };
  addHint(settings, "openaiCompatible", { strictJsonSchema: false });
}
