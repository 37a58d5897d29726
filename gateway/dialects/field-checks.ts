import { GatewayError } from "../errors.ts";
import type { JsonObject } from "../json-object.ts";

/** Null counts as absent: clients send it for what they leave open. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null;
}

/** Refuses the request, naming the field as a path: `messages[2].content`. */
export function wrong(param: string, rule: string): never {
  throw new GatewayError("invalid_request", `'${param}' ${rule}.`, { param });
}

/** Throws where none of `names` is there; the first is the one to name. */
export function checkPresent(body: JsonObject, names: readonly [string, ...string[]]): void {
  if (names.every((name) => isAbsent(body[name]))) wrong(names[0], "is required");
}

/** An integer from `least` on, or null where absent. Floats such as 2.0 are integers in JSON. */
export function checkInteger(body: JsonObject, name: string, least: number): number | null {
  const value = body[name];
  if (isAbsent(value)) return null;
  if (typeof value === "number" && Number.isInteger(value) && value >= least) return value;
  return wrong(name, `must be an integer of at least ${least}`);
}

/** A list, or null where absent. */
export function optionalList(body: JsonObject, name: string): readonly unknown[] | null {
  const value = body[name];
  if (isAbsent(value)) return null;
  return Array.isArray(value) ? value : wrong(name, "must be a list");
}

/** No context is longer. */
const mostTokens = 1_000_000_000;

/**
 * A limit of an answer's tokens; null for what is none: below 0, or so high that sums of such
 * numbers would be no longer exact, or infinite.
 */
export function tokenLimit(value: number | null): number | null {
  return value !== null && value >= 0 && value <= mostTokens ? value : null;
}

/** How many choices a request asks for; 1 for what is no such number. */
export function choicesIn(value: unknown): number {
  const isCount = typeof value === "number" && Number.isInteger(value);
  return isCount && value >= 1 && value <= 1024 ? value : 1;
}
