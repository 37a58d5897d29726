import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import { plainNumber } from "../json/exact-json.ts";
import type { Dropped } from "./read-dropped.ts";

/** The path of a field below `path`, as error messages name it. */
export function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

/**
 * A text, or null where absent. Throws GatewayError (400) for anything else, as all of these do.
 */
export function textAt(object: JsonObject, name: string, path: string): string | null {
  const value = object[name];
  if (isAbsent(value)) return null;
  return typeof value === "string" ? value : wrong(below(path, name), "must be a string");
}

/** A text that must be there and not be empty. */
export function requiredText(object: JsonObject, name: string, path: string): string {
  const value = textAt(object, name, path);
  return value === null || value === "" ? wrong(below(path, name), "is required") : value;
}

export function numberAt(object: JsonObject, name: string, path: string): number | null {
  const value = plainNumber(object[name]);
  if (isAbsent(value)) return null;
  return typeof value === "number" ? value : wrong(below(path, name), "must be a number");
}

export function integerAt(object: JsonObject, name: string, path: string): number | null {
  const value = numberAt(object, name, path);
  if (value === null || Number.isInteger(value)) return value;
  return wrong(below(path, name), "must be an integer");
}

/** A count of tokens; less than none stands for no limit, as llama-server has it. */
export function tokensAt(object: JsonObject, name: string, path: string): number | null {
  const value = integerAt(object, name, path);
  return value !== null && value < 0 ? null : value;
}

export function flagAt(object: JsonObject, name: string, path: string): boolean | null {
  const value = object[name];
  if (isAbsent(value)) return null;
  return typeof value === "boolean" ? value : wrong(below(path, name), "must be true or false");
}

export function objectAt(object: JsonObject, name: string, path: string): JsonObject | null {
  const value = object[name];
  if (isAbsent(value)) return null;
  return isJsonObject(value) ? value : wrong(below(path, name), "must be an object");
}

/** An object of a list, with its path. */
export type Placed = { item: JsonObject; at: string };

/** The objects of a list; none where it is absent. */
export function objectsAt(object: JsonObject, name: string, path: string): Placed[] {
  const value = object[name];
  if (isAbsent(value)) return [];
  const where = below(path, name);
  if (!Array.isArray(value)) return wrong(where, "must be a list");
  return value.map((item: unknown, index) => {
    const at = `${where}[${index}]`;
    return isJsonObject(item) ? { item, at } : wrong(at, "must be an object");
  });
}

/**
 * What `read` makes of the objects of a list. One of a type that it does not know, which is null, is
 * dropped.
 */
export function readEach<Part>(
  object: JsonObject,
  name: string,
  path: string,
  dropped: Dropped,
  read: (item: JsonObject, at: string) => Part[] | null,
): Part[] {
  return objectsAt(object, name, path).flatMap(({ item, at }) => {
    const parts = read(item, at);
    if (parts === null) dropped.add(at);
    return parts ?? [];
  });
}

/** One text or a list of them; empty ones, which would stop any answer at once, are left out. */
export function textsAt(object: JsonObject, name: string, path: string): string[] {
  const value = object[name];
  if (isAbsent(value)) return [];
  const where = below(path, name);
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list.flatMap((text, index) => {
    if (typeof text === "string") return text === "" ? [] : [text];
    return wrong(Array.isArray(value) ? `${where}[${index}]` : where, "must be a string");
  });
}
