import { fitResults } from "./fit-results.ts";
import type { AssistantPart, HubOptions, Message, TextPart, UserPart } from "./parts-hub.ts";

type SystemMessage = Extract<Message, { role: "system" }>;
type UserMessage = Extract<Message, { role: "user" }>;
type AssistantMessage = Extract<Message, { role: "assistant" }>;

/** A word of the system's in mid-conversation, where templates take none, as the user's. */
function noteOf({ content, providerOptions }: SystemMessage): UserMessage {
  const hints = providerOptions === undefined ? {} : { providerOptions };
  const text = `<system>\n${content}\n</system>`;
  return { role: "user", content: [{ type: "text", text, ...hints }] };
}

/** Texts in a row as one text: servers with simple templates take only a text. */
function joinedTexts(parts: readonly UserPart[]): UserPart[] {
  if (parts.some((part) => part.type !== "text" || part.providerOptions !== undefined)) {
    return [...parts];
  }
  const texts = parts.flatMap((part) => (part.type === "text" ? [part.text] : []));
  return [{ type: "text", text: texts.join("\n\n") }];
}

/** Puts messages one after another, so that user and assistant take turns. */
class Turns {
  readonly messages: Message[] = [];

  take(message: Message): void {
    if (message.role === "tool") this.messages.push(message);
    else this.#push(message.role === "system" ? noteOf(message) : message);
  }

  #push(message: UserMessage | AssistantMessage): void {
    const last = this.messages.at(-1);
    if (message.role === "assistant" && last?.role === "assistant") {
      this.#replace({ ...last, content: [...last.content, ...message.content] });
    } else if (message.role === "user" && last?.role === "user") {
      this.#replace({ ...last, content: joinedTexts([...last.content, ...message.content]) });
    } else this.messages.push(message);
  }

  #replace(message: Message): void {
    this.messages[this.messages.length - 1] = message;
  }
}

/**
 * The conversation in turns that every template takes: system messages only at the start (later ones
 * are notes of the user), no two messages of one side in a row, one result for each call.
 */
export function fitTurns(options: HubOptions): HubOptions {
  const { prompt } = options;
  const found = prompt.findIndex(({ role }) => role !== "system");
  const begin = found < 0 ? prompt.length : found;
  const turns = new Turns();
  for (const message of fitResults(prompt.slice(begin))) turns.take(message);
  return { ...options, prompt: [...prompt.slice(0, begin), ...turns.messages] };
}

/** In place of a user who has said nothing. */
const nobody = "(no message)";

/** For APIs that have the system prompt beside the conversation, which must begin with the user. */
export function fitOpening(options: HubOptions): HubOptions {
  const { prompt } = options;
  const begin = prompt.findIndex(({ role }) => role !== "system");
  if (begin < 0) {
    const last = prompt.at(-1);
    const content: TextPart[] = [{ type: "text", text: String(last?.content ?? nobody) }];
    return { ...options, prompt: [...prompt.slice(0, -1), { role: "user", content }] };
  }
  if (prompt[begin]?.role === "user") return options;
  const opening: Message = { role: "user", content: [{ type: "text", text: nobody }] };
  return { ...options, prompt: [...prompt.slice(0, begin), opening, ...prompt.slice(begin)] };
}

/**
 * The conversation without texts of white space alone, which Anthropic refuses, and without turns that
 * have nothing else. Before `fitTurns`, which puts the turns that are left in order.
 */
export function withoutBlankTexts(options: HubOptions): HubOptions {
  const isSaid = (part: AssistantPart | UserPart): boolean =>
    part.type !== "text" || part.text.trim() !== "";
  const prompt = options.prompt.flatMap((message): Message[] => {
    if (message.role === "system") return message.content.trim() === "" ? [] : [message];
    if (message.role === "tool") return [message];
    const content = (message.content as (AssistantPart | UserPart)[]).filter(isSaid);
    if (content.length === message.content.length) return [message];
    // The parts are of the same kinds as before.
    return content.length === 0 ? [] : [{ ...message, content } as Message];
  });
  return { ...options, prompt };
}

/** Arguments that are no object, as models do write such, in an object, which these APIs demand. */
export function fitArguments(options: HubOptions): HubOptions {
  const isBroken = (part: AssistantPart): boolean =>
    part.type === "tool-call" &&
    (typeof part.input !== "object" || part.input === null || Array.isArray(part.input));
  const prompt = options.prompt.map((message): Message => {
    if (message.role !== "assistant") return message;
    if (!message.content.some((part) => isBroken(part as AssistantPart))) return message;
    const content = message.content.map((part) =>
      part.type === "tool-call" && isBroken(part)
        ? { ...part, input: { input: part.input } }
        : part,
    );
    return { ...message, content };
  });
  return { ...options, prompt };
}
