import { isJsonObject, type JsonObject, jsonText } from "../../json-object.ts";
import { wrong } from "../field-checks.ts";
import { asSchema, cacheHint, type HubOptions, type Schema } from "./parts-hub.ts";
import type { Dropped } from "./read-dropped.ts";
import {
  below,
  flagAt,
  objectAt,
  objectsAt,
  type Placed,
  requiredText,
  textAt,
} from "./read-fields.ts";
import type { CallSettings } from "./read-settings.ts";

export type Tool = Extract<NonNullable<HubOptions["tools"]>[number], { type: "function" }>;

/** What a tool without parameters takes; the field itself is required by most. */
function noParameters(): Schema {
  return { type: "object", properties: {} };
}

/** A tool as every dialect has it in the end. */
export function functionTool(tool: JsonObject, at: string, schema: Schema | null): Tool {
  const description = textAt(tool, "description", at);
  const strict = flagAt(tool, "strict", at);
  return {
    type: "function",
    name: requiredText(tool, "name", at),
    ...(description === null ? {} : { description }),
    inputSchema: schema ?? noParameters(),
    ...(strict === null ? {} : { strict }),
    ...cacheHint(tool),
  };
}

const outerFields: ReadonlySet<string> = new Set(["type", "function", "cache_control"]);
const innerFields: ReadonlySet<string> = new Set([
  "type",
  "name",
  "description",
  "parameters",
  "strict",
  "cache_control",
]);

/** One function of OpenAI's: inside (`chat`) or flat (`responses`); clients mix the two forms. */
export function readOpenAiTool({ item, at }: Placed, dropped: Dropped): Tool {
  const inner = objectAt(item, "function", at);
  if (inner !== null) dropped.rest(item, at, outerFields);
  const tool = inner === null ? item : { ...cachedLike(item), ...inner };
  const where = inner === null ? at : below(at, "function");
  dropped.rest(tool, where, innerFields);
  const parameters = objectAt(tool, "parameters", where);
  return functionTool(tool, where, parameters === null ? null : asSchema(parameters));
}

function cachedLike(tool: JsonObject): JsonObject {
  return tool.cache_control === undefined ? {} : { cache_control: tool.cache_control };
}

/** Leaves only the tools that may be called, where a choice names several. */
export function narrowTools(settings: CallSettings, names: readonly string[]): void {
  const allowed = new Set(names);
  settings.tools = (settings.tools ?? []).filter((tool) => allowed.has(tool.name));
}

/** The function that a choice names: `{function:{name}}` (`chat`) or `{name}` (`responses`). */
function namedTool(choice: JsonObject, path: string): string {
  const inner = objectAt(choice, "function", path) ?? objectAt(choice, "custom", path);
  return inner === null
    ? requiredText(choice, "name", path)
    : requiredText(inner, "name", below(path, "function"));
}

/** The tool that a choice means, also where it stands in a group; null for none. */
function declaredName(name: string, { tools = [] }: CallSettings): string | null {
  const found =
    tools.find((tool) => tool.name === name) ??
    tools.find((tool) => tool.name.endsWith(`__${name}`));
  return found?.name ?? null;
}

function allow(choice: JsonObject, path: string, settings: CallSettings): void {
  const inner = objectAt(choice, "allowed_tools", path);
  const list = inner ?? choice;
  const where = inner === null ? path : below(path, "allowed_tools");
  const names = objectsAt(list, "tools", where).flatMap(({ item, at }) => {
    if (item.type !== "function" && item.type !== "custom") {
      return declaredName(jsonText(item.type), settings) ?? [];
    }
    const name = namedTool(item, at);
    return [declaredName(name, settings) ?? name];
  });
  narrowTools(settings, names);
  settings.toolChoice = { type: list.mode === "required" ? "required" : "auto" };
}

/** OpenAI's `tool_choice`; `settings` has the tools already. Throws GatewayError (400). */
export function readOpenAiChoice(body: JsonObject, settings: CallSettings, dropped: Dropped): void {
  const choice = body.tool_choice;
  if (choice === undefined || choice === null) return;
  const path = "tool_choice";
  if (choice === "auto" || choice === "none" || choice === "required") {
    settings.toolChoice = { type: choice };
  } else if (choice === "any") {
    settings.toolChoice = { type: "required" };
  } else if (!isJsonObject(choice)) {
    wrong(path, "must be auto, none, required or an object");
  } else if (choice.type === "function" || choice.type === "custom") {
    const name = namedTool(choice, path);
    const toolName = declaredName(name, settings);
    if (toolName === null && choice.type === "custom") dropped.add(path);
    else settings.toolChoice = { type: "tool", toolName: toolName ?? name };
  } else if (choice.type === "allowed_tools") {
    allow(choice, path, settings);
  } else {
    // A tool that has no name but its type: `shell`.
    const toolName = declaredName(jsonText(choice.type), settings);
    if (toolName === null) dropped.add(path);
    else settings.toolChoice = { type: "tool", toolName };
  }
}
