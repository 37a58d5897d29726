import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isAbsent } from "../field-checks.ts";
import type { ClientTools } from "../hub/client-tools.ts";
import type { HubRequest } from "../hub/hub.ts";
import { refuseDeep } from "../hub/read-depth.ts";
import { createDropped, type Dropped } from "../hub/read-dropped.ts";
import { flagAt, integerAt, objectAt, textAt } from "../hub/read-fields.ts";
import { readFormat } from "../hub/read-format.ts";
import { effortAt, setBudget, setEffort } from "../hub/read-reasoning.ts";
import {
  addHint,
  type CallSettings,
  readSettings,
  refuseSeveral,
  type SettingNames,
  setParallelCalls,
  setUser,
} from "../hub/read-settings.ts";
import { readOpenAiChoice } from "../hub/read-tools.ts";
import { readChatMessages } from "./read-chat-messages.ts";
import { readChatTools } from "./read-chat-tools.ts";

const names: SettingNames = {
  maxOutputTokens: ["max_completion_tokens", "max_tokens"],
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  presencePenalty: "presence_penalty",
  frequencyPenalty: "frequency_penalty",
  seed: "seed",
  stopSequences: "stop",
};

/** What is read here, or says how the answer travels and not what it is. */
const knownFields: ReadonlySet<string> = new Set([
  ...Object.values(names).flat(),
  "messages",
  "model",
  "stream",
  "stream_options",
  "n",
  "tools",
  "functions",
  "tool_choice",
  "function_call",
  "parallel_tool_calls",
  "response_format",
  "reasoning_effort",
  "reasoning",
  "user",
  "safety_identifier",
]);

/** `function_call` is from before there were tools, as `functions` are. */
function oldChoice({ function_call: call }: JsonObject): unknown {
  return isJsonObject(call) ? { type: "function", function: call } : call;
}

function readTools(body: JsonObject, settings: CallSettings, dropped: Dropped): ClientTools {
  const { tools, clientTools } = readChatTools(body, dropped);
  if (tools.length > 0) settings.tools = tools;
  const choice = isAbsent(body.tool_choice) ? oldChoice(body) : body.tool_choice;
  readOpenAiChoice({ tool_choice: choice }, settings, dropped);
  const parallel = flagAt(body, "parallel_tool_calls", "");
  if (parallel !== null) setParallelCalls(settings, parallel);
  return clientTools;
}

const reasoningFields: ReadonlySet<string> = new Set(["effort", "max_tokens", "enabled"]);

/** OpenAI's `reasoning_effort`; OpenRouter's `reasoning` with an effort or a number of tokens. */
function readReasoning(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const reasoning = objectAt(body, "reasoning", "") ?? {};
  const effort =
    effortAt(body, "reasoning_effort", "", dropped) ??
    effortAt(reasoning, "effort", "reasoning", dropped) ??
    (reasoning.enabled === false ? "none" : null);
  const budget = integerAt(reasoning, "max_tokens", "reasoning");
  if (effort !== null) setEffort(settings, effort);
  else if (budget !== null && budget >= 0) setBudget(settings, budget, true);
  dropped.rest(reasoning, "reasoning", reasoningFields);
}

/** What the hub's own provider would read as its settings, or as worse. */
const unfit: ReadonlySet<string> = new Set([
  "__proto__",
  "reasoningEffort",
  "textVerbosity",
  "strictJsonSchema",
]);

function extraFields(body: JsonObject): JsonObject {
  const extra = Object.entries(body).filter(
    ([name, value]) => !knownFields.has(name) && !unfit.has(name) && !isAbsent(value),
  );
  return Object.fromEntries(extra);
}

/**
 * What a chat request means. Fields that only servers of this dialect know (`min_p`, `logit_bias`,
 * `chat_template_kwargs`, …) go on to those, and are named as dropped, since conversion leads
 * elsewhere. Throws GatewayError (400) that names the field.
 * @see https://platform.openai.com/docs/api-reference/chat/create
 */
export function readChat(body: JsonObject): HubRequest {
  refuseDeep(body);
  const dropped = createDropped();
  refuseSeveral(integerAt(body, "n", ""), "n");
  const settings = readSettings(body, "", names);
  const prompt = readChatMessages(body, dropped);
  const clientTools = readTools(body, settings, dropped);
  readReasoning(body, settings, dropped);
  const format = objectAt(body, "response_format", "");
  if (format !== null) readFormat(format, "response_format", settings, dropped);
  addHint(settings, "openaiCompatible", extraFields(body));
  const user = textAt(body, "user", "") ?? textAt(body, "safety_identifier", "");
  if (user !== null) setUser(settings, user);
  dropped.rest(body, "", knownFields);
  return {
    options: { ...settings, prompt },
    dropped: dropped.list(),
    told: dropped.tolds(),
    ...(clientTools.size > 0 ? { clientTools } : {}),
  };
}
