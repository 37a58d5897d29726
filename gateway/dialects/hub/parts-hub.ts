import type {
  JSONObject,
  LanguageModelV4FilePart,
  LanguageModelV4FunctionTool,
  LanguageModelV4Message,
  LanguageModelV4ReasoningPart,
  LanguageModelV4TextPart,
  LanguageModelV4ToolCallPart,
  LanguageModelV4ToolResultPart,
  SharedV4ProviderOptions,
} from "@ai-sdk/provider";
import { isJsonObject, type JsonObject } from "../../json-object.ts";
import type { HubRequest } from "./hub.ts";

export type HubOptions = HubRequest["options"];
export type Message = LanguageModelV4Message;
export type TextPart = LanguageModelV4TextPart;
export type UserPart = TextPart | LanguageModelV4FilePart;
export type ReasoningPart = LanguageModelV4ReasoningPart;
export type AssistantPart = TextPart | ReasoningPart | LanguageModelV4ToolCallPart;
export type ResultPart = LanguageModelV4ToolResultPart;
export type ResultContent = Extract<ResultPart["output"], { type: "content" }>["value"];
export type Schema = LanguageModelV4FunctionTool["inputSchema"];
export type Hints = SharedV4ProviderOptions;

/** All that readers see came of JSON.parse. */
export function asJson(object: JsonObject): JSONObject {
  return object as JSONObject;
}

/**
 * The same under the name that the hub has for a schema; whether it is one is the upstream's
 * business.
 */
export function asSchema(object: JsonObject): Schema {
  return object as Schema;
}

/**
 * Anthropic's mark for the end of a cached prefix, for `providerOptions`; `{}` where there is none.
 */
export function cacheHint(block: JsonObject): { providerOptions?: Hints } {
  const control = block.cache_control;
  if (!isJsonObject(control) || control.type !== "ephemeral") return {};
  const ttl = control.ttl === "5m" || control.ttl === "1h" ? { ttl: control.ttl } : {};
  return { providerOptions: { anthropic: { cacheControl: { type: "ephemeral", ...ttl } } } };
}
