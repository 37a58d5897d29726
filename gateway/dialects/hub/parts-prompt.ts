import type { AssistantPart, Hints, Message, ResultPart, TextPart, UserPart } from "./parts-hub.ts";
import type { Dropped } from "./read-dropped.ts";

/**
 * Gathers the hub's messages in their order. What is left empty is left out: no upstream takes it.
 */
export type PromptBuilder = {
  system(content: string, providerOptions?: Hints): void;
  user(parts: readonly UserPart[]): void;
  assistant(parts: readonly AssistantPart[]): void;
  /** Results in a row are one message, however many the client made of them. */
  results(parts: readonly ResultPart[]): void;
  prompt(): Message[];
};

function withoutEmptyTexts<Part extends UserPart | AssistantPart>(parts: readonly Part[]): Part[] {
  return parts.filter((part) => part.type !== "text" || part.text !== "");
}

export function createPrompt(): PromptBuilder {
  const messages: Message[] = [];
  return {
    system(content, providerOptions) {
      if (content === "") return;
      const hints = providerOptions === undefined ? {} : { providerOptions };
      messages.push({ role: "system", content, ...hints });
    },
    user(parts) {
      const content = withoutEmptyTexts(parts);
      if (content.length > 0) messages.push({ role: "user", content });
    },
    assistant(parts) {
      const content = withoutEmptyTexts(parts);
      if (content.length > 0) messages.push({ role: "assistant", content });
    },
    results(parts) {
      if (parts.length === 0) return;
      const last = messages.at(-1);
      if (last?.role !== "tool") messages.push({ role: "tool", content: [...parts] });
      // One by one: a spread of hundreds of thousands ends the stack.
      else for (const part of parts) last.content.push(part);
    },
    prompt: () => messages,
  };
}

/** Keeps the texts; other content has no place there and is named. */
export function onlyTexts(parts: readonly UserPart[], path: string, dropped: Dropped): TextPart[] {
  return parts.filter((part) => {
    if (part.type !== "text") dropped.add(path);
    return part.type === "text";
  });
}
