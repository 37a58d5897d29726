import type { JsonObject } from "../../json-object.ts";
import { objectAt, objectsAt, type Placed } from "../hub/read-fields.ts";

function camel(name: string): string {
  return name.replace(/(?<=[a-zA-Z0-9])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/**
 * The object with its own names as Google documents them: the JSON of protocol buffers may also say
 * `inline_data`. What is inside is left alone: arguments and schemas have names of their own.
 */
export function documentedNames(object: JsonObject): JsonObject {
  const names = Object.keys(object);
  if (!names.some((name) => name.includes("_"))) return object;
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [camel(name), value]));
}

/** `objectAt` with documented names inside. */
export function namedAt(object: JsonObject, name: string, path: string): JsonObject | null {
  const found = objectAt(object, name, path);
  return found === null ? null : documentedNames(found);
}

/** `objectsAt` with documented names inside. */
export function allNamedAt(object: JsonObject, name: string, path: string): Placed[] {
  return objectsAt(object, name, path).map(({ item, at }) => ({ item: documentedNames(item), at }));
}
