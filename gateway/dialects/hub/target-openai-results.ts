import type {
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4TextPart,
  LanguageModelV4ToolResultPart,
} from "@ai-sdk/provider";
import type { HubRequest } from "./hub.ts";

type UserPart = LanguageModelV4TextPart | LanguageModelV4FilePart;
type Options = HubRequest["options"];

/** OpenAI has no word for a tool that failed: the text says so itself. */
function failure(text: string): string {
  return /^\W*(?:error|failed)/i.test(text) ? text : `Error: ${text}`;
}

/** A result without its files, which are added to `files`. */
function textResult(
  part: LanguageModelV4ToolResultPart,
  files: UserPart[],
): LanguageModelV4ToolResultPart {
  const { output } = part;
  if (output.type === "error-text") {
    return { ...part, output: { type: "text", value: failure(output.value) } };
  }
  if (output.type !== "content") return part;
  const texts: string[] = [];
  for (const one of output.value) {
    if (one.type === "text") texts.push(one.text);
    else if (one.type === "file") files.push({ ...one, type: "file" });
  }
  const value = texts.length > 0 ? texts.join("\n") : "The result follows as a file.";
  return { ...part, output: { type: "text", value } };
}

/**
 * The files of tools' results in the user message behind them, since OpenAI's tool messages hold
 * text only. A user message that follows takes them in: some templates take no two in a row.
 */
export function withFilesBehindResults(options: Options): Options {
  const prompt: LanguageModelV4Message[] = [];
  let files: UserPart[] = [];
  for (const message of options.prompt) {
    if (message.role === "tool") {
      const content = message.content.map((part) =>
        part.type === "tool-result" ? textResult(part, files) : part,
      );
      prompt.push({ ...message, content });
      continue;
    }
    if (files.length > 0 && message.role === "user") {
      prompt.push({ ...message, content: [...files, ...message.content] });
    } else {
      if (files.length > 0) prompt.push({ role: "user", content: files });
      prompt.push(message);
    }
    files = [];
  }
  if (files.length > 0) prompt.push({ role: "user", content: files });
  return { ...options, prompt };
}
