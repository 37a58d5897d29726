import { isJsonObject, type JsonObject, jsonText } from "../../json-object.ts";
import { parseExact } from "../json/exact-json.ts";
import type { Schema } from "./parts-hub.ts";
import type { Dropped } from "./read-dropped.ts";
import { functionTool, type Tool } from "./read-tools.ts";

/** What a freeform tool of OpenAI's takes, as the one argument of a function. */
const argument = "input";

const schema: Schema = {
  type: "object",
  properties: { [argument]: { type: "string", description: "The whole input, as text." } },
  required: [argument],
  additionalProperties: false,
};

/** The grammar that the input of a freeform tool must match, and where the client wrote it. */
export type Grammar = {
  readonly definition: string;
  readonly syntax: unknown;
  readonly at: string;
};

/** A freeform tool tells its grammar to the model; nothing else can hold the model to it. */
export function freeformTool(
  { name, description }: JsonObject,
  at: string,
  grammar: Grammar | null,
  dropped: Dropped,
): Tool {
  if (grammar !== null) dropped.tell(grammar.at);
  const rule =
    grammar === null
      ? ""
      : `The input must match this grammar (${jsonText(grammar.syntax ?? "lark")}):\n${jsonText(grammar.definition)}`;
  const about = typeof description === "string" ? description : "";
  const texts = [about, rule].filter((text) => text !== "").join("\n\n");
  return functionTool({ name, description: texts }, at, schema);
}

/** The text of a call as the arguments of a function. */
export const freeformInput = (text: string): JsonObject => ({ [argument]: text });

/** The text that a model wrote for a freeform tool: its one argument, else all that it wrote. */
export function freeformText(text: string): string {
  const values = Object.values(objectIn(text));
  const [only] = values;
  return values.length === 1 && typeof only === "string" ? only : text;
}

/** The object that a model wrote; `{}` where it wrote none. */
export function objectIn(text: string): JsonObject {
  try {
    const value = parseExact(text);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
