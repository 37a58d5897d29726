import type { Framing } from "./framing.ts";
import { geminiSse } from "./gemini/gemini-sse.ts";
import { json, jsonArray } from "./json/json-framing.ts";
import { ndjson } from "./ollama/ndjson-framing.ts";
import { sse } from "./sse/sse-framing.ts";

export type FramingName = "sse" | "geminiSse" | "json" | "jsonArray" | "ndjson";

/** Every framing of an answer, by a name that can be sent to a thread. */
export const framings: Readonly<Record<FramingName, Framing>> = {
  sse,
  geminiSse,
  json,
  jsonArray,
  ndjson,
};

const names = Object.keys(framings) as FramingName[];

/** Null for no framing. Throws for one that is not in the list: its answers would be no streams. */
export function framingName(framing: Framing | null): FramingName | null {
  if (framing === null) return null;
  const name = names.find((one) => framings[one] === framing);
  if (name === undefined) throw new Error(`the framing of ${framing.mediaType} has no name`);
  return name;
}
