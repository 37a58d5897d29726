import type { JsonObject } from "../../json-object.ts";
import { isAbsent, wrong } from "../field-checks.ts";
import type { HubRequest } from "../hub/hub.ts";
import { asSchema, cacheHint } from "../hub/parts-hub.ts";
import { refuseDeep } from "../hub/read-depth.ts";
import { createDropped, type Dropped } from "../hub/read-dropped.ts";
import {
  below,
  flagAt,
  integerAt,
  objectAt,
  objectsAt,
  type Placed,
  requiredText,
  textAt,
} from "../hub/read-fields.ts";
import { setSchema } from "../hub/read-format.ts";
import { effortAt, setBudget, showThoughts } from "../hub/read-reasoning.ts";
import {
  addHint,
  type CallSettings,
  readSettings,
  type SettingNames,
  setParallelCalls,
  setUser,
} from "../hub/read-settings.ts";
import { functionTool, type Tool } from "../hub/read-tools.ts";
import { clientRunTool } from "./client-run-tools.ts";
import { readTurns } from "./read-messages-turns.ts";

const names: SettingNames = {
  maxOutputTokens: ["max_tokens"],
  temperature: "temperature",
  topP: "top_p",
  topK: "top_k",
  stopSequences: "stop_sequences",
};

/** What is read here, or says how the answer travels and not what it is. */
const knownFields: ReadonlySet<string> = new Set([
  ...Object.values(names).flat(),
  "messages",
  "model",
  "stream",
  "system",
  "tools",
  "tool_choice",
  "thinking",
  "output_config",
  "output_format",
  "metadata",
  "cache_control",
]);

const toolFields: ReadonlySet<string> = new Set([
  "type",
  "name",
  "description",
  "input_schema",
  "strict",
  "cache_control",
  // How the arguments travel; others send them as they come anyway.
  "eager_input_streaming",
  // When the definition is loaded; others have it from the start.
  "defer_loading",
]);

/**
 * Tools with a type of their own: those that the client runs are functions for other models, and
 * those that run on Anthropic's servers are dropped.
 */
function readTyped({ item, at }: Placed, dropped: Dropped): Tool[] {
  const tool = clientRunTool(item);
  if (tool === null) {
    dropped.add(at);
    return [];
  }
  dropped.rest(item, at, new Set([...toolFields, ...tool.told]));
  return [functionTool({ ...item, description: tool.description }, at, tool.schema)];
}

function readTools(body: JsonObject, dropped: Dropped): Tool[] {
  return objectsAt(body, "tools", "").flatMap((placed) => {
    const { item, at } = placed;
    if ((item.type ?? "custom") !== "custom") return readTyped(placed, dropped);
    dropped.rest(item, at, toolFields);
    const schema = objectAt(item, "input_schema", at);
    return [functionTool(item, at, schema === null ? null : asSchema(schema))];
  });
}

function readChoice(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const path = "tool_choice";
  const choice = objectAt(body, path, "");
  if (choice === null) return;
  const { type } = choice;
  if (type === "auto" || type === "none") settings.toolChoice = { type };
  else if (type === "any") settings.toolChoice = { type: "required" };
  else if (type === "tool") {
    settings.toolChoice = { type: "tool", toolName: requiredText(choice, "name", path) };
  } else wrong(below(path, "type"), "must be auto, any, tool or none");
  if (flagAt(choice, "disable_parallel_tool_use", path) === true) setParallelCalls(settings, false);
  dropped.rest(choice, path, new Set(["type", "name", "disable_parallel_tool_use"]));
}

const thinkingFields: ReadonlySet<string> = new Set(["type", "budget_tokens", "display"]);

/** `thinking`, and the effort that models without budgets have instead. */
function readThinking(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const config = objectAt(body, "output_config", "") ?? {};
  const effort = effortAt(config, "effort", "output_config", dropped);
  const thinking = objectAt(body, "thinking", "");
  const shown = thinking?.display !== "omitted";
  const { type } = thinking ?? {};
  if (type === "enabled") {
    const budget = integerAt(thinking ?? {}, "budget_tokens", "thinking");
    if (budget === null || budget < 1) wrong("thinking.budget_tokens", "must be at least 1");
    setBudget(settings, budget, shown);
  } else if (type === "adaptive") {
    addHint(settings, "anthropic", { thinking: { type } });
    if (shown) showThoughts(settings);
  } else if (type === "disabled") settings.reasoning = "none";
  else if (!isAbsent(thinking)) dropped.add("thinking");
  // Effort is of the whole answer; with thinking switched off it must not switch it on.
  if (effort !== null && type !== "disabled") settings.reasoning = effort;
  if (effort !== null && effort !== "none" && effort !== "minimal") {
    addHint(settings, "anthropic", { effort });
  }
  if (thinking !== null) dropped.rest(thinking, "thinking", thinkingFields);
}

/** `output_config.format`, which was `output_format` at first. */
function readOutput(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const config = objectAt(body, "output_config", "") ?? {};
  const inner = objectAt(config, "format", "output_config");
  const format = inner ?? objectAt(body, "output_format", "");
  dropped.rest(config, "output_config", new Set(["effort", "format"]));
  if (format === null) return;
  const path = inner === null ? "output_format" : "output_config.format";
  const schema = objectAt(format, "schema", path);
  if (format.type !== "json_schema" || schema === null) dropped.add(path);
  else setSchema(settings, schema, textAt(format, "name", path));
}

function readMetadata(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const metadata = objectAt(body, "metadata", "");
  if (metadata === null) return;
  const user = textAt(metadata, "user_id", "metadata");
  if (user !== null) setUser(settings, user);
  dropped.rest(metadata, "metadata", new Set(["user_id"]));
}

/**
 * What an Anthropic Messages request means. `max_tokens` counts the thinking too, as everywhere but
 * in Anthropic's own provider of the hub. Throws GatewayError (400) that names the field.
 * @see https://docs.anthropic.com/en/api/messages
 */
export function readMessages(body: JsonObject): HubRequest {
  refuseDeep(body);
  const dropped = createDropped();
  const settings = readSettings(body, "", names);
  const prompt = readTurns(body, dropped);
  const tools = readTools(body, dropped);
  if (tools.length > 0) settings.tools = tools;
  readChoice(body, settings, dropped);
  readThinking(body, settings, dropped);
  readOutput(body, settings, dropped);
  readMetadata(body, settings, dropped);
  addHint(settings, "anthropic", cacheHint(body).providerOptions?.anthropic ?? {});
  dropped.rest(body, "", knownFields);
  return { options: { ...settings, prompt }, dropped: dropped.list(), told: dropped.tolds() };
}
