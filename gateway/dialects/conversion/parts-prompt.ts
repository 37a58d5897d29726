import type { AssistantPart, Hints, Message, ResultPart, UserPart } from "./parts-hub.ts";

/** Gathers the hub's messages in their order. What is left empty is left out: no upstream takes it. */
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
      if (last?.role === "tool") last.content.push(...parts);
      else messages.push({ role: "tool", content: [...parts] });
    },
    prompt: () => messages,
  };
}
