/** A JSON object as JSON.parse gives it; of repeated names the last value is kept. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** True for a plain object: not null, not a list. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value of a JSON text; null if the text is not JSON. */
export function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * A JSON value as text: a string as it is, all else as JSON. `String` throws for an object that
 * brings a `toString` of its own, as a client's may.
 */
export const jsonText = (value: unknown): string =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");
