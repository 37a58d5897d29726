import type { LanguageModelV4Content, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import type { ToolNames } from "./fit-names.ts";

/** A part of an answer with the client's own names of its tools. */
export function restored<Part extends LanguageModelV4Content | LanguageModelV4StreamPart>(
  part: Part,
  toolNames: ToolNames,
): Part {
  if (part.type !== "tool-call" && part.type !== "tool-input-start") return part;
  const toolName = toolNames.get(part.toolName);
  return toolName === undefined ? part : { ...part, toolName };
}
