import type { Framing } from "./framing.ts";
import { json, jsonArray } from "./json/json-framing.ts";
import { ndjson } from "./ollama/ndjson-framing.ts";
import { sse } from "./sse/sse-framing.ts";

/** Every framing of an answer, by a name that can be sent to a thread. */
export const framings: Readonly<Record<FramingName, Framing>> = { sse, json, jsonArray, ndjson };

export type FramingName = "sse" | "json" | "jsonArray" | "ndjson";

/** Null for no framing. */
export function framingName(framing: Framing | null): FramingName | null {
  const names: FramingName[] = ["sse", "json", "jsonArray", "ndjson"];
  return names.find((name) => framings[name] === framing) ?? null;
}
