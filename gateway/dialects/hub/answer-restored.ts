import type { LanguageModelV4Content, LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { withoutMarks } from "./exact-answers.ts";
import type { ToolNames } from "./fit-names.ts";

/** A part of an answer with the client's own names of its tools, and with exact numbers. */
export function restored<Part extends LanguageModelV4Content | LanguageModelV4StreamPart>(
  part: Part,
  toolNames: ToolNames,
): Part {
  if (part.type === "tool-input-delta") return { ...part, delta: withoutMarks(part.delta) };
  if (part.type !== "tool-call" && part.type !== "tool-input-start") return part;
  const toolName = toolNames.get(part.toolName) ?? part.toolName;
  if (part.type === "tool-input-start") return { ...part, toolName };
  return { ...part, toolName, input: withoutMarks(part.input) };
}
