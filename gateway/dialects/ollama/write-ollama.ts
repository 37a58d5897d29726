import type { LanguageModelV4Content, LanguageModelV4Usage } from "@ai-sdk/provider";
import { GatewayError } from "../../errors.ts";
import { isJsonObject } from "../../json-object.ts";
import { eventJson } from "../hub/answer-event.ts";
import type { AnswerNames, StreamWriter, WriteWhole } from "../hub/hub.ts";
import { parseExact } from "../json/exact-json.ts";

type Fields = Record<string, unknown>;
type Call = Extract<LanguageModelV4Content, { type: "tool-call" }>;

/** What is said in one object of an answer. */
type Said = { readonly text: string; readonly thinking?: string; readonly calls?: Fields[] };

/** How one of Ollama's calls puts it. */
type Form = (said: Said) => Fields;

const asMessage: Form = ({ text, thinking, calls }) => ({
  message: {
    role: "assistant",
    content: text,
    ...(thinking ? { thinking } : {}),
    ...(calls === undefined || calls.length === 0 ? {} : { tool_calls: calls }),
  },
});

const asResponse: Form = ({ text, thinking }) => ({
  response: text,
  ...(thinking ? { thinking } : {}),
});

/** A call: its arguments are an object, in which numbers of any size keep their digits. */
function callOf({ toolCallId: id, toolName: name, input }: Call, index: number): Fields {
  let args: unknown;
  try {
    args = parseExact(input || "{}");
  } catch {
    args = null;
  }
  if (!isJsonObject(args)) {
    const text = "The model called a tool with arguments that are not a JSON object.";
    throw new GatewayError("upstream_error", text);
  }
  return { id, function: { index, name, arguments: args } };
}

/** Nanoseconds, as Ollama tells all durations. */
const nanoseconds = (milliseconds: number): number => Math.round(milliseconds * 1e6);

/** The times and counts of the last object; what the upstream did not tell is left out. */
class Measure {
  readonly #startedAt: number;
  #firstAt: number | null = null;

  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  saw(): void {
    this.#firstAt ??= performance.now();
  }

  end(usage: LanguageModelV4Usage): Fields {
    const now = performance.now();
    const firstAt = this.#firstAt ?? now;
    const input = usage.inputTokens.total;
    const output = usage.outputTokens.total;
    return {
      total_duration: nanoseconds(now - this.#startedAt),
      ...(input === undefined ? {} : { prompt_eval_count: input }),
      prompt_eval_duration: nanoseconds(firstAt - this.#startedAt),
      ...(output === undefined ? {} : { eval_count: output }),
      eval_duration: nanoseconds(now - firstAt),
    };
  }
}

/** Ollama knows `stop` and `length`, also at the end of calls. */
const reasonOf = (unified: string): string => (unified === "length" ? "length" : "stop");

function objectOf({ model }: AnswerNames, said: Fields, end: Fields): Fields {
  return { model, created_at: new Date().toISOString(), ...said, ...end };
}

function createWriter(form: Form): (names: AnswerNames) => StreamWriter {
  return (names) => {
    const measure = new Measure(names.startedAt);
    let calls = 0;
    const line = (said: Said): string => {
      measure.saw();
      return `${eventJson(objectOf(names, form(said), { done: false }))}\n`;
    };
    return {
      write(part) {
        switch (part.type) {
          case "text-delta":
            return part.delta === "" ? "" : line({ text: part.delta });
          case "reasoning-delta":
            return part.delta === "" ? "" : line({ text: "", thinking: part.delta });
          case "tool-call":
            // What the provider ran itself is no call for the client.
            if (part.providerExecuted) return "";
            calls += 1;
            return line({ text: "", calls: [callOf(part, calls - 1)] });
          case "finish": {
            const done_reason = reasonOf(part.finishReason.unified);
            const end = { done: true, done_reason, ...measure.end(part.usage) };
            return `${eventJson(objectOf(names, form({ text: "" }), end))}\n`;
          }
          default:
            return "";
        }
      },
    };
  };
}

function createWhole(form: Form): WriteWhole {
  return ({ content, finishReason, usage }, names) => {
    const measure = new Measure(names.startedAt);
    const textOf = (type: "text" | "reasoning"): string =>
      content.map((part) => (part.type === type ? part.text : "")).join("");
    const calls = content
      .filter((part): part is Call => part.type === "tool-call" && !part.providerExecuted)
      .map(callOf);
    const said = form({ text: textOf("text"), thinking: textOf("reasoning"), calls });
    const done_reason = reasonOf(finishReason.unified);
    return objectOf(names, said, { done: true, done_reason, ...measure.end(usage) });
  };
}

/** An answer to a request without a prompt: with `keep_alive: 0` it asks to unload the model. */
function createLoaded(form: Form): (names: AnswerNames) => object {
  return (names) => {
    const done_reason = names.request.keep_alive === 0 ? "unload" : "load";
    return objectOf(names, form({ text: "" }), { done: true, done_reason });
  };
}

export const createChatLines: (names: AnswerNames) => StreamWriter = createWriter(asMessage);
export const writeOllamaChat: WriteWhole = createWhole(asMessage);
export const loadedChat: (names: AnswerNames) => object = createLoaded(asMessage);
export const createGenerateLines: (names: AnswerNames) => StreamWriter = createWriter(asResponse);
export const writeOllamaGenerate: WriteWhole = createWhole(asResponse);
export const loadedGenerate: (names: AnswerNames) => object = createLoaded(asResponse);
