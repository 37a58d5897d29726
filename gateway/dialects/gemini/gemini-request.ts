import { isJsonObject, type JsonObject } from "../../json-object.ts";
import {
  checkInteger,
  checkPresent,
  choicesIn,
  optionalList,
  tokenLimit,
} from "../field-checks.ts";
import { inputChars } from "../input-size.ts";
import { parseObject } from "../json/json-body.ts";
import { json, jsonArray } from "../json/json-framing.ts";
import type { RequestFields } from "../request-fields.ts";
import { geminiSse } from "./gemini-sse.ts";
import type { GeminiTarget } from "./gemini-target.ts";

/** Google's JSON takes each name in two forms. */
function field(object: JsonObject, camel: string, snake: string): unknown {
  return object[camel] ?? object[snake];
}

/** The text of a `Content`, in the form that sizes are taken of. */
function textOf(content: unknown): JsonObject {
  return { content: isJsonObject(content) ? content.parts : content };
}

/** Where each verb has its text; sizes are estimates, so odd forms count as nothing. */
function sizeOf(body: JsonObject): number {
  const { content, contents, requests } = body;
  const texts: unknown[] = [field(body, "systemInstruction", "system_instruction"), content];
  if (Array.isArray(contents)) texts.push(...contents);
  else texts.push(contents);
  if (Array.isArray(requests)) {
    texts.push(...requests.map((one: unknown) => (isJsonObject(one) ? one.content : null)));
  }
  return inputChars({ messages: texts.map(textOf) });
}

function check(body: JsonObject, { verb }: GeminiTarget): void {
  if (verb === "embedContent") checkPresent(body, ["content"]);
  else if (verb === "batchEmbedContents") optionalList(body, "requests");
  else checkPresent(body, ["contents"]);
}

const framings = { events: geminiSse, array: jsonArray, none: json };

/**
 * The fields of a request of Gemini's. Its model and the form of its answer stand in its path.
 * Throws GatewayError (400).
 */
export function geminiFields(bytes: Buffer, target: GeminiTarget): RequestFields {
  const body = parseObject(bytes);
  check(body, target);
  const config = field(body, "generationConfig", "generation_config");
  const settings = isJsonObject(config) ? config : {};
  const limit = "maxOutputTokens" in settings ? "maxOutputTokens" : "max_output_tokens";
  return {
    model: target.model,
    otherModels: [],
    framing: framings[target.stream ?? "none"],
    // An array is JSON: no event and no comment may stand in it.
    stream: target.stream === "events",
    includeUsage: false,
    maxTokens: tokenLimit(checkInteger(settings, limit, 0)),
    n: choicesIn(field(settings, "candidateCount", "candidate_count")),
    prompts: 1,
    inputChars: sizeOf(body),
    returnsProgress: false,
    losesInStream: false,
    stored: null,
  };
}
