import { GatewayError } from "../../errors.ts";
import { isJsonObject } from "../../json-object.ts";
import { messages } from "../anthropic/messages.ts";
import { gemini } from "../gemini/gemini.ts";
import type { TargetName } from "../hub/target.ts";
import { chat } from "../openai-chat/chat.ts";
import { responses } from "../openai-responses/responses.ts";
import { streamError } from "../stream-error.ts";
import { eventData } from "./event-data.ts";
import { isErrorEvent, isNamed } from "./event-scan.ts";
import { sse } from "./sse-framing.ts";
import { menders } from "./sse-mended.ts";
import { createSseSplitter } from "./sse-splitter.ts";

/**
 * Looks at an upstream's stream before the hub does. Errors, cuts and odd chunks are seen here,
 * where they still say what they are.
 */
export type SseChecker = {
  /**
   * The whole events of a chunk, mended; empty where there is none. Throws a stream's own error.
   */
  push(chunk: Uint8Array): Buffer;
  /** What is left at the end. Throws `upstream_error` where the stream was cut. */
  end(): Buffer;
  /** True once the answer is complete, though its numbers may follow. */
  readonly complete: boolean;
  /** True once nothing more can follow. */
  readonly ended: boolean;
};

const nothing = Buffer.alloc(0);

function parse(data: string): unknown {
  try {
    return JSON.parse(Buffer.from(data, "latin1").toString());
  } catch {
    return undefined;
  }
}

/** Tool arguments may hold a field of that name: only an event's own counts. */
function isOwnError(event: string): boolean {
  if (!isErrorEvent(event)) return false;
  if (isNamed(event, "error") || event.startsWith("error:")) return true;
  const data = parse(eventData(event));
  return isJsonObject(data) && data.error !== null && data.error !== undefined;
}

/** The error of a response that failed, as an event of its own. */
function failureIn(event: string): string | null {
  if (!responses.events.isFailure(event)) return null;
  const data = parse(eventData(event));
  const response = isJsonObject(data) && isJsonObject(data.response) ? data.response : {};
  return `data: ${JSON.stringify({ error: response.error ?? { message: "It failed." } })}\n\n`;
}

const finishReason = /"finish_reason"\s*:\s*"[^"]/;

type State = "more" | "complete" | "ended";

/** A stream that ends with `[DONE]` and no reason: that is a whole answer too. */
const plainEnd = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';

function openaiState(event: string): State {
  if (chat.events.isLast(event)) return "ended";
  // Some servers close without [DONE]; this much is the whole answer.
  return finishReason.test(event) ? "complete" : "more";
}

/** How far an answer is with this event. */
const judges: Readonly<Record<TargetName, (event: string) => State>> = {
  openai: openaiState,
  anthropic: (event) => (messages.events.isLast(event) ? "ended" : "more"),
  // Its numbers may come in a chunk of their own.
  responses: (event) => (responses.events.isLast(event) ? "ended" : "more"),
  google: (event) => (gemini.events.isLast(event) ? "complete" : "more"),
};

/** An event without its blank line counts at the end of a stream where its data is whole. */
function isWhole(event: string): boolean {
  const data = eventData(event);
  return data === "[DONE]" || parse(data) !== undefined;
}

export function createSseChecker(target: TargetName): SseChecker {
  const splitter = createSseSplitter();
  const judge = judges[target];
  const mended = menders[target];
  let state: State = "more";

  function check(event: string): string {
    if (isOwnError(event)) throw streamError(event, sse.events);
    const failed = target === "responses" ? failureIn(event) : null;
    if (failed !== null) throw streamError(failed, sse.events);
    const found = judge(event);
    const lacksReason = target === "openai" && found === "ended" && state === "more";
    if (found !== "more" && state !== "ended") state = found;
    return (lacksReason ? plainEnd : "") + mended(event);
  }

  return {
    get complete() {
      return state !== "more";
    },
    get ended() {
      return state === "ended";
    },
    push(chunk) {
      let out = "";
      for (const event of splitter.push(chunk)) if (state !== "ended") out += check(event);
      return out === "" ? nothing : Buffer.from(out, "latin1");
    },
    end() {
      const rest = splitter.rest().trimEnd();
      const out = state !== "ended" && isWhole(rest) ? check(`${rest}\n\n`) : "";
      if (state === "more") {
        throw new GatewayError(
          "upstream_error",
          "The upstream closed the stream before it was complete.",
        );
      }
      return Buffer.from(out, "latin1");
    },
  };
}
