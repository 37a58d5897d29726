import type { JsonObject } from "../../json-object.ts";
import { wrong } from "../field-checks.ts";
import { findTopLevel, type Range, topLevelFields } from "./json-scan.ts";

/** The field as it is nearly always written, and how every escape of its letters begins. */
const plainName = Buffer.from('"model"');
const escapedLetter = Buffer.from("\\u006");

/** False for nearly all bodies, at the cost of a search. */
function mayNameTwo(bytes: Buffer): boolean {
  const first = bytes.indexOf(plainName);
  return bytes.indexOf(plainName, first + 1) > first || bytes.indexOf(escapedLetter) >= 0;
}

/**
 * Refuses (400) a body that servers read in two ways: of two `model` some servers take the
 * first and some the last, and those in Go (Ollama) take `Model` for it. What is judged, routed and
 * billed must be what runs.
 */
export function refuseSecondModel(bytes: Buffer, body: JsonObject): void {
  for (const name in body) {
    if (name.length === 5 && name !== "model" && name.toLowerCase() === "model") {
      wrong(name, "must be spelled 'model'");
    }
  }
  if (mayNameTwo(bytes) && findTopLevel(bytes, "model").length > 1) {
    wrong("model", "must appear exactly once");
  }
}

/** The same of a body that nobody parses; gives where its model stands. */
export function onlyModel(bytes: Buffer): Range | null {
  const named = topLevelFields(bytes).filter(({ name }) => name.toLowerCase() === "model");
  const [first, second] = named;
  if (second !== undefined) wrong("model", "must appear exactly once");
  if (first !== undefined && first.name !== "model") wrong(first.name, "must be spelled 'model'");
  return first ?? null;
}

/** The model in the body of a question; null if it names none. Throws 400 for two. */
export function modelOfBody(bytes: Buffer): string | null {
  const found = onlyModel(bytes);
  if (found === null) return null;
  try {
    const name: unknown = JSON.parse(bytes.toString("utf8", found.start, found.end));
    return typeof name === "string" && name !== "" ? name : null;
  } catch {
    return null;
  }
}

/** OpenRouter's `models`: what may answer instead of `model`, where the upstream can choose. */
export function otherModels({ models }: JsonObject): readonly string[] {
  if (!Array.isArray(models)) return none;
  return models.map((one: unknown) => (typeof one === "string" ? one : ""));
}

const none: readonly string[] = Object.freeze([]);
