import type { JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import type { HubRequest } from "../hub/hub.ts";
import { refuseDeep } from "../hub/read-depth.ts";
import { createDropped, type Dropped } from "../hub/read-dropped.ts";
import { flagAt, objectAt, textAt } from "../hub/read-fields.ts";
import { readFormat } from "../hub/read-format.ts";
import { effortAt, setEffort, showThoughts } from "../hub/read-reasoning.ts";
import {
  addHint,
  type CallSettings,
  readSettings,
  type SettingNames,
  setParallelCalls,
  setUser,
} from "../hub/read-settings.ts";
import { readOpenAiChoice } from "../hub/read-tools.ts";
import { readResponsesPrompt } from "./read-responses-items.ts";
import { readResponsesTools, tellable } from "./read-responses-tools.ts";
import { storedFields, storedInBody } from "./stored-use.ts";

const names: SettingNames = {
  maxOutputTokens: ["max_output_tokens"],
  temperature: "temperature",
  topP: "top_p",
};

/** What chat has under the same name; it goes on to servers of that dialect. */
const likeChat: readonly string[] = [
  "safety_identifier",
  "prompt_cache_key",
  "prompt_cache_retention",
  "service_tier",
];

/** What is read here, or says how the answer travels and not what it is. */
const knownFields: ReadonlySet<string> = new Set([
  ...Object.values(names).flat(),
  ...likeChat,
  "input",
  "instructions",
  "model",
  "stream",
  "stream_options",
  "tools",
  "tool_choice",
  "parallel_tool_calls",
  "text",
  "reasoning",
  "include",
  "truncation",
  "user",
]);

/** What only a server that keeps the conversation could do. */
function refuseStored(body: JsonObject): void {
  const param = storedInBody(body)?.param;
  if (param) wrong(param, `is not supported for this model: ${storedFields[param]}`);
}

const reasoningFields: ReadonlySet<string> = new Set(["effort", "summary", "generate_summary"]);

function readReasoning(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const reasoning = objectAt(body, "reasoning", "");
  if (reasoning === null) return;
  const effort = effortAt(reasoning, "effort", "reasoning", dropped);
  if (effort !== null) setEffort(settings, effort);
  else if (!isAbsent(reasoning.summary ?? reasoning.generate_summary)) showThoughts(settings);
  dropped.rest(reasoning, "reasoning", reasoningFields);
}

const textFields: ReadonlySet<string> = new Set(["format", "verbosity"]);

function readText(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const text = objectAt(body, "text", "");
  if (text === null) return;
  const format = objectAt(text, "format", "text");
  if (format !== null) readFormat(format, "text.format", settings, dropped);
  const verbosity = textAt(text, "verbosity", "text");
  if (verbosity !== null) addHint(settings, "openaiCompatible", { textVerbosity: verbosity });
  dropped.rest(text, "text", textFields);
}

/**
 * Encrypted thoughts are in the answer wherever the upstream has them; nothing else can be added.
 */
function readInclude({ include }: JsonObject, dropped: Dropped): void {
  if (isAbsent(include)) return;
  if (!Array.isArray(include)) wrong("include", "must be a list");
  include.forEach((what: unknown, index) => {
    if (what !== "reasoning.encrypted_content") dropped.add(`include[${index}]`);
  });
}

/**
 * What a Responses request means. Throws GatewayError (400) that names the field, also for what
 * only a server that keeps answers could do.
 * @see https://platform.openai.com/docs/api-reference/responses/create
 */
export function readResponses(body: JsonObject): HubRequest {
  refuseDeep(body);
  refuseStored(body);
  const dropped = createDropped();
  const settings = readSettings(body, "", names);
  const prompt = readResponsesPrompt(body, dropped);
  const { tools, clientTools } = readResponsesTools(body, dropped);
  if (tools.length > 0) settings.tools = tools;
  readOpenAiChoice(body, settings, dropped);
  const parallel = flagAt(body, "parallel_tool_calls", "");
  if (parallel !== null) setParallelCalls(settings, parallel);
  readReasoning(body, settings, dropped);
  readText(body, settings, dropped);
  readInclude(body, dropped);
  for (const name of likeChat) {
    const value = textAt(body, name, "");
    if (value !== null) addHint(settings, "openaiCompatible", { [name]: value });
  }
  const user = textAt(body, "user", "") ?? textAt(body, "safety_identifier", "");
  if (user !== null) setUser(settings, user);
  if (!isAbsent(body.truncation) && body.truncation !== "disabled") dropped.add("truncation");
  dropped.rest(body, "", knownFields);
  return {
    options: { ...settings, prompt },
    dropped: dropped.list(),
    told: dropped.tolds(),
    ...(tellable(clientTools) ? { clientTools } : {}),
  };
}
