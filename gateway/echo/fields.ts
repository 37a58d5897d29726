import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json-object.ts";

/** A 400 that names the field. */
export function wrongField(param: string, expected: string): GatewayError {
  return new GatewayError("invalid_request", `${param} must be ${expected}.`, { param });
}

/** The model as the client calls it. The echo accepts any name. */
export function modelOf(body: JsonObject): string {
  return typeof body.model === "string" ? body.model : "echo";
}

/** The first of `names` that is set, in tokens. Null if none is set, or for -1. */
export function readTokenLimit(body: JsonObject, ...names: readonly string[]): number | null {
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
export function readStops(body: JsonObject, name: string): string[] {
  const value = body[name];
  if (value === undefined || value === null) return [];
  const stops = Array.isArray(value) ? value : [value];
  if (!stops.every((stop) => typeof stop === "string")) {
    throw wrongField(name, "a string or a list of strings");
  }
  return stops;
}

/** How many choices the client asks for: `n`, from 1 to 128, as at OpenAI. */
export function readChoices(body: JsonObject): number {
  const n = body.n ?? 1;
  if (!Number.isInteger(n) || Number(n) < 1 || Number(n) > 128) {
    throw wrongField("n", "an integer from 1 to 128");
  }
  return Number(n);
}

/** True if the client wants usage at the end of its stream. */
export function wantsUsage(body: JsonObject): boolean {
  const options = body.stream_options;
  return isJsonObject(options) && options.include_usage === true;
}
