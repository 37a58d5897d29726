import { isJsonObject, type JsonObject, jsonText } from "../../json-object.ts";
import { wrong } from "../field-checks.ts";
import { freeformInput } from "../hub/freeform.ts";
import { type CallBook, callInput, resultOutput } from "../hub/parts-calls.ts";
import type { AssistantPart, ResultPart } from "../hub/parts-hub.ts";
import type { Dropped } from "../hub/read-dropped.ts";
import { below, objectAt, objectsAt, requiredText, textAt } from "../hub/read-fields.ts";
import { readParts } from "../openai/read-parts.ts";
import { shellInput, shellOutput } from "./client-run-tools.ts";
import { flatName } from "./read-responses-tools.ts";

/** `id` and `status` are the server's own words, which clients send back. */
export const callFields: Readonly<Record<string, ReadonlySet<string>>> = {
  function_call: new Set(["type", "id", "status", "call_id", "name", "namespace", "arguments"]),
  custom_tool_call: new Set(["type", "id", "status", "call_id", "name", "namespace", "input"]),
  local_shell_call: new Set(["type", "id", "status", "call_id", "action"]),
  shell_call: new Set(["type", "id", "status", "call_id", "action", "environment", "created_by"]),
  apply_patch_call: new Set(["type", "id", "status", "call_id", "operation", "created_by"]),
  tool_search_call: new Set(["type", "id", "status", "call_id", "execution", "arguments"]),
};

export const resultFields: Readonly<Record<string, ReadonlySet<string>>> = {
  function_call_output: new Set(["type", "id", "status", "call_id", "output", "name"]),
  custom_tool_call_output: new Set(["type", "id", "status", "call_id", "output", "name"]),
  local_shell_call_output: new Set(["type", "id", "status", "call_id", "output"]),
  shell_call_output: new Set(["type", "id", "status", "call_id", "output", "max_output_length"]),
  apply_patch_call_output: new Set(["type", "id", "status", "call_id", "output"]),
  tool_search_output: new Set(["type", "id", "status", "call_id", "execution", "tools"]),
};

type Called = { name: string; input: unknown };

function calledBy(item: JsonObject, at: string): Called {
  const named = (): string =>
    flatName(textAt(item, "namespace", at), requiredText(item, "name", at));
  switch (item.type) {
    case "custom_tool_call":
      return { name: named(), input: freeformInput(textAt(item, "input", at) ?? "") };
    case "local_shell_call":
      return { name: "local_shell", input: shellInput(objectAt(item, "action", at) ?? {}) };
    case "shell_call":
      return { name: "shell", input: shellInput(objectAt(item, "action", at) ?? {}) };
    case "apply_patch_call":
      return { name: "apply_patch", input: objectAt(item, "operation", at) ?? {} };
    case "tool_search_call":
      return { name: "tool_search", input: callInput(item.arguments, below(at, "arguments")) };
    default:
      return { name: named(), input: callInput(item.arguments, below(at, "arguments")) };
  }
}

/** A call of any kind as the call of a function. */
export function readCall(item: JsonObject, at: string, book: CallBook): AssistantPart {
  const { name, input } = calledBy(item, at);
  const id = textAt(item, "call_id", at) || textAt(item, "id", at) || null;
  return { type: "tool-call", toolCallId: book.call(id, name), toolName: name, input };
}

/** The names of the tools that a search has found, which can be called from then on. */
function foundTools(item: JsonObject, at: string): string {
  const names = objectsAt(item, "tools", at).flatMap(({ item: tool }): string[] => {
    const name = typeof tool.name === "string" ? tool.name : "";
    const inner = Array.isArray(tool.tools) ? tool.tools.filter(isJsonObject) : [];
    if (tool.type !== "namespace") return name === "" ? [] : [name];
    return inner.map((one) => flatName(name, jsonText(one.name)));
  });
  return names.length === 0
    ? "The search found no tools."
    : `These tools can be called now: ${names.join(", ")}.`;
}

export function readResult(
  item: JsonObject,
  at: string,
  book: CallBook,
  dropped: Dropped,
): ResultPart {
  const id = textAt(item, "call_id", at) || textAt(item, "id", at) || null;
  const named = book.answer(id, textAt(item, "name", at));
  if (item.type === "tool_search_output") {
    return { type: "tool-result", ...named, output: { type: "text", value: foundTools(item, at) } };
  }
  if (item.type === "shell_call_output") {
    return {
      type: "tool-result",
      ...named,
      output: { type: "text", value: shellOutput(item.output) },
    };
  }
  if (isJsonObject(item.output)) return wrong(below(at, "output"), "must be a string or a list");
  const content = readParts(item, "output", at, dropped);
  const isFailed = item.type === "apply_patch_call_output" && item.status === "failed";
  return { type: "tool-result", ...named, output: resultOutput(content, isFailed) };
}
