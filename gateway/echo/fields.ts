import { GatewayError } from "../errors.ts";
import type { Members } from "./call.ts";

/** True for a JSON object, not for a list or null. */
export function isMembers(value: unknown): value is Members {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A 400 that names the field. */
export function wrongField(param: string, expected: string): GatewayError {
  return new GatewayError("invalid_request", `${param} must be ${expected}.`, { param });
}

/** The model as the client calls it; any name is answered to. */
export function modelOf(body: Members): string {
  return typeof body.model === "string" ? body.model : "echo";
}

/** The first of `names` that is set: a number of tokens, null for none, -1 or unset. */
export function tokenLimit(body: Members, ...names: readonly string[]): number | null {
  for (const name of names) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    if (!Number.isInteger(value) || Number(value) < -1)
      throw wrongField(name, "an integer from -1");
    return value === -1 ? null : Number(value);
  }
  return null;
}

/** A stop string, or a list of them. */
export function stopsOf(body: Members, name: string): string[] {
  const value = body[name];
  if (value === undefined || value === null) return [];
  const stops = Array.isArray(value) ? value : [value];
  if (!stops.every((stop) => typeof stop === "string")) {
    throw wrongField(name, "a string or a list of strings");
  }
  return stops;
}

/** How many answers are asked for: `n`, from 1 to 128, as OpenAI has it. */
export function choicesOf(body: Members): number {
  const n = body.n ?? 1;
  if (!Number.isInteger(n) || Number(n) < 1 || Number(n) > 128) {
    throw wrongField("n", "an integer from 1 to 128");
  }
  return Number(n);
}

/** True where the client wants usage at the end of its stream. */
export function wantsUsage(body: Members): boolean {
  const options = body.stream_options;
  return isMembers(options) && options.include_usage === true;
}
