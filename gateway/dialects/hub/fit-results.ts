import type { Message, TextPart } from "./parts-hub.ts";

type AssistantMessage = Extract<Message, { role: "assistant" }>;
type ResultMessage = Extract<Message, { role: "tool" }>;
type CallPart = Extract<AssistantMessage["content"][number], { type: "tool-call" }>;
type ResultPart = Extract<ResultMessage["content"][number], { type: "tool-result" }>;

/** A call, its id in the fitted conversation, and its result where there is one. */
type Call = { readonly part: CallPart; readonly id: string; result: ResultPart | null };

/** The calls of a message that the client's tools run. */
const callsIn = ({ content }: AssistantMessage): CallPart[] =>
  content.filter(
    (part) => part.type === "tool-call" && part.providerExecuted !== true,
  ) as CallPart[];

const resultsIn = ({ content }: ResultMessage): ResultPart[] =>
  content.filter((part) => part.type === "tool-result");

/** A result that belongs to no call, as text. */
function strayText({ output }: ResultPart): TextPart {
  const said = "value" in output ? output.value : "";
  const text = typeof said === "string" ? said : JSON.stringify(said);
  return { type: "text", text: `The result of a tool:\n${text}` };
}

/** Which result belongs to which call. Ids may come again: some servers count from 0 in each turn. */
class Book {
  readonly #taken = new Set<string>();
  readonly #waiting = new Map<string, Call[]>();

  /** The calls of one message. A call of an earlier one with the same id waits no more. */
  note(parts: readonly CallPart[]): Call[] {
    for (const { toolCallId } of parts) this.#waiting.delete(toolCallId);
    return parts.map((part) => {
      const call: Call = { part, id: this.#newId(part.toolCallId), result: null };
      const waiting = this.#waiting.get(part.toolCallId);
      if (waiting === undefined) this.#waiting.set(part.toolCallId, [call]);
      else waiting.push(call);
      return call;
    });
  }

  /** False if no call waits for this result. */
  answer(result: ResultPart): boolean {
    const call = this.#waiting.get(result.toolCallId)?.shift();
    if (call !== undefined) call.result = result;
    return call !== undefined;
  }

  #newId(given: string): string {
    let id = given;
    for (let count = 2; this.#taken.has(id); count += 1) id = `${given}_${count}`;
    this.#taken.add(id);
    return id;
  }
}

function resultOf({ part, id, result }: Call): ResultPart {
  if (result !== null) return { ...result, toolCallId: id };
  const output = { type: "error-text", value: "The tool gave no result." } as const;
  return { type: "tool-result", toolCallId: id, toolName: part.toolName, output };
}

function withIds(message: AssistantMessage, calls: readonly Call[]): AssistantMessage {
  const ids = new Map(calls.map(({ part, id }) => [part, id]));
  const content = message.content.map((part) => {
    const id = part.type === "tool-call" ? ids.get(part) : undefined;
    return part.type === "tool-call" && id !== undefined ? { ...part, toolCallId: id } : part;
  });
  return { ...message, content };
}

/**
 * The conversation with one result for each call, right behind the message that calls. Providers
 * refuse anything else: a call that was interrupted, a result that comes twice or too late, an id
 * that comes again. A result without a call becomes text of the user.
 */
export function fitResults(prompt: readonly Message[]): Message[] {
  const book = new Book();
  const callsOf = new Map<Message, Call[]>();
  const strays = new Map<Message, TextPart[]>();
  for (const message of prompt) {
    if (message.role === "assistant") callsOf.set(message, book.note(callsIn(message)));
    if (message.role !== "tool") continue;
    const left = resultsIn(message).filter((result) => !book.answer(result));
    strays.set(message, left.map(strayText));
  }
  return prompt.flatMap((message): Message[] => {
    if (message.role === "tool") {
      const content = strays.get(message) ?? [];
      return content.length === 0 ? [] : [{ role: "user", content }];
    }
    const calls = callsOf.get(message) ?? [];
    if (message.role !== "assistant" || calls.length === 0) return [message];
    return [withIds(message, calls), { role: "tool", content: calls.map(resultOf) }];
  });
}
