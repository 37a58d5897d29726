import type { LanguageModelV4StreamPart } from "@ai-sdk/provider";
import { thoughtSignatureOf } from "../hub/answer-signature.ts";
import { type ClientTools, clientToolOf } from "../hub/client-tools.ts";
import { freeformText } from "../hub/freeform.ts";

type Fields = Record<string, unknown>;
type BegunCall = Extract<LanguageModelV4StreamPart, { type: "tool-input-start" }>;
type WholeCall = Extract<LanguageModelV4StreamPart, { type: "tool-call" }>;

/** A call of the model's, as far as it is known. */
type ToldCall = {
  readonly id: string;
  readonly name: string;
  readonly text: string;
  readonly signature: string | null;
};

/** Gemini's proof of a call, as Google's own chat API has it; clients send it back. */
function proofOf(signature: string | null): Fields {
  return signature === null ? {} : { extra_content: { google: { thought_signature: signature } } };
}

function isCustom(name: string, tools: ClientTools | undefined): boolean {
  return clientToolOf(name, tools).kind === "custom";
}

/** A whole call as chat has it: of a function, or of a freeform tool. */
export function callFields(
  { id, name, text, signature }: ToldCall,
  tools: ClientTools | undefined,
): Fields {
  return isCustom(name, tools)
    ? { id, type: "custom", custom: { name, input: freeformText(text) } }
    : { id, type: "function", function: { name, arguments: text }, ...proofOf(signature) };
}

/** What was streamed of a call: nothing of its arguments yet, something, or all there is. */
type Call = { index: number; isCustom: boolean; text: string; said: "nothing" | "some" | "all" };

/** The tool calls of a stream: an index for each, and the deltas of each one's arguments. */
export class CallDeltas {
  readonly #calls = new Map<string, Call>();
  readonly #tools: ClientTools | undefined;

  constructor(tools: ClientTools | undefined) {
    this.#tools = tools;
  }

  get any(): boolean {
    return this.#calls.size > 0;
  }

  begin({ id, toolName, providerMetadata }: BegunCall): Fields | null {
    return this.#start({
      ...{ id, name: toolName, text: "" },
      signature: thoughtSignatureOf(providerMetadata),
    });
  }

  say(id: string, text: string): Fields | null {
    const call = this.#calls.get(id);
    if (call === undefined || call.said === "all" || text === "") return null;
    call.said = "some";
    if (!call.isCustom) return { index: call.index, function: { arguments: text } };
    // The text of a freeform tool stands in JSON, which is read when all is there.
    call.text += text;
    return null;
  }

  /** The whole call: all of it where nothing came before, else what was not streamed. */
  whole({ toolCallId: id, toolName: name, input, providerMetadata }: WholeCall): Fields | null {
    const call = this.#calls.get(id);
    const text = input || "{}";
    if (call === undefined) {
      return this.#start({ id, name, text, signature: thoughtSignatureOf(providerMetadata) });
    }
    if (call.isCustom) return this.#end(call, text);
    const delta = call.said === "nothing" ? this.say(id, text) : null;
    call.said = "all";
    return delta;
  }

  /** What calls have not told yet that were never told whole. */
  rest(): Fields[] {
    const deltas = [...this.#calls].map(([id, call]) => {
      if (call.isCustom) return this.#end(call, call.text || "{}");
      return call.said === "nothing" ? this.say(id, "{}") : null;
    });
    return deltas.filter((delta) => delta !== null);
  }

  #start(told: ToldCall): Fields | null {
    const { id, name, text } = told;
    if (this.#calls.has(id)) return null;
    const index = this.#calls.size;
    const said = text === "" ? "nothing" : "all";
    this.#calls.set(id, { index, isCustom: isCustom(name, this.#tools), text: "", said });
    return { index, ...callFields(told, this.#tools) };
  }

  #end(call: Call, text: string): Fields | null {
    if (call.said === "all") return null;
    call.said = "all";
    return { index: call.index, custom: { input: freeformText(text) } };
  }
}
