import { GatewayError } from "../../errors.ts";
import { jsonOrNull } from "../../json-object.ts";
import { messages } from "../anthropic/messages.ts";
import type { Dialect } from "../dialect.ts";
import { gemini } from "../gemini/gemini.ts";
import type { TargetName } from "../hub/target.ts";
import { chat } from "../openai-chat/chat.ts";
import { responses } from "../openai-responses/responses.ts";
import { endOf } from "../stream-end.ts";
import { streamError } from "../stream-error.ts";
import { eventData } from "./event-data.ts";
import { EventSplitter } from "./event-splitter.ts";
import { sse } from "./sse-framing.ts";
import { menders } from "./sse-mended.ts";

/**
 * Looks at an upstream's stream before the hub does. Errors, cuts and odd chunks are seen here,
 * where they still say what they are.
 */
export type SseChecker = {
  /**
   * The whole events of a chunk, mended; empty where there is none. Throws a stream's own error.
   */
  push(chunk: Buffer): Buffer;
  /** What is left at the end. Throws `upstream_error` where the stream was cut. */
  end(): Buffer;
  /** True once the answer is complete, though its numbers may follow. */
  readonly complete: boolean;
  /** True once nothing more can follow. */
  readonly ended: boolean;
};

const nothing = Buffer.alloc(0);

function parse(data: string): unknown {
  return jsonOrNull(Buffer.from(data, "latin1").toString());
}

/** A stream that ends with `[DONE]` and no reason: that is a whole answer too. */
const plainEnd = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';

type State = "more" | "complete" | "ended";

/** The dialect in which an upstream is asked. */
const spoken: Readonly<Record<TargetName, Dialect>> = {
  openai: chat,
  responses,
  anthropic: messages,
  google: gemini,
};

/** An event without its blank line counts at the end of a stream where its data is whole. */
function isWhole(event: string): boolean {
  const data = eventData(event);
  return data.trim() === "[DONE]" || parse(data) !== null;
}

/** @param watch - sees each event as it came, as latin1 text: one character a byte */
export function createSseChecker(target: TargetName, watch: (event: string) => void): SseChecker {
  const splitter = new EventSplitter();
  const { events } = spoken[target];
  const mended = menders[target];
  let state: State = "more";

  function judge(event: string): void {
    // Gemini's numbers may come in a chunk of their own.
    if (events.isLast(event)) state = events.hasLast ? "ended" : "complete";
    else if (events.endedChoices(event).length > 0) state = "complete";
  }

  function check(event: string): string {
    watch(event);
    // What follows the last event is no part of the answer, though it may tell the numbers.
    if (state === "ended") return "";
    const end = endOf(event, events);
    if (end === "error" || end === "failure") throw streamError(event, sse.events);
    // An event whose data is empty is none (WHATWG HTML §9.2.6).
    if (event.includes("data:") && eventData(event).trim() === "") return "";
    const before = state;
    judge(event);
    const lacksReason = target === "openai" && before === "more" && events.isLast(event);
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
      splitter.split(chunk.toString("latin1"), (event) => {
        out += check(event);
        return true;
      });
      return out === "" ? nothing : Buffer.from(out, "latin1");
    },
    end() {
      const rest = splitter.tail.trimEnd();
      let out = rest !== "" && isWhole(rest) ? check(`${rest}\n\n`) : "";
      if (state === "more") {
        throw new GatewayError(
          "upstream_error",
          "The upstream closed the stream before it was complete.",
        );
      }
      if (state === "complete") out += events.missingLast;
      return Buffer.from(out, "latin1");
    },
  };
}
