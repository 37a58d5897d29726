import { assembleChat } from "../dialects/openai-chat/assemble-chat.ts";
import { assembleCompletion } from "../dialects/openai-chat/assemble-completion.ts";
import { eventData } from "../dialects/sse/event-data.ts";
import { EventSplitter } from "../dialects/sse/event-splitter.ts";
import { endOf, isTerminal, type StreamEnd } from "../dialects/sse/stream-events.ts";
import { streamError } from "../dialects/stream-error.ts";
import { GatewayError } from "../errors.ts";
import type { Shaper } from "./shaper.ts";
import { wholeSize } from "./whole-size.ts";

export type AssembleShaperOptions = {
  dialect: "chat" | "completions";
  /** The answer's id. */
  id: string;
  /** How many prompts a text completion asked for. */
  prompts: number;
  /** Sees each whole event, as latin1 text: one character a byte, and whether it ends the stream. */
  watch: (event: string, end: StreamEnd | null) => void;
};

/**
 * The events of a stream, put together to the one JSON answer of a client that does not stream.
 * Nothing goes out before `finish`, so an error event still becomes an answer with a status: `push`
 * throws it, as a GatewayError.
 */
export function createAssembleShaper(options: AssembleShaperOptions): Shaper {
  const { dialect, watch } = options;
  const assembly = dialect === "chat" ? assembleChat() : assembleCompletion(options.prompts);
  const splitter = new EventSplitter();
  let terminal = false;
  let size = 0;

  /** True where more may follow. */
  function take(event: string): boolean {
    const end = endOf(event, dialect);
    watch(event, end);
    if (end === "error") throw streamError(event);
    terminal = end === "last";
    if (!terminal) {
      const data = eventData(event);
      // Comments have none.
      if (data !== "") refusingDepth(() => assembly.add(parse(data)));
    }
    return !terminal;
  }

  return {
    streams: false,
    edits: true,
    ended: false,
    get upstreamId() {
      return assembly.upstreamId;
    },
    push(chunk) {
      size = wholeSize(size, chunk);
      if (!terminal) splitter.split(chunk, take);
      return null;
    },
    finish() {
      const rest = splitter.tail.trimEnd();
      if (!terminal && isTerminal(rest, dialect)) take(`${rest}\n\n`);
      if (!terminal) {
        throw new GatewayError(
          "upstream_error",
          "The upstream closed the stream before it was complete.",
        );
      }
      return refusingDepth(() => Buffer.from(JSON.stringify(assembly.answer(options.id))));
    },
  };
}

/** What is nested too deep ends the stack, and is the upstream's fault. */
function refusingDepth<T>(work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new GatewayError("upstream_error", "The upstream sent a stream in an unknown format.", {
      cause,
    });
  }
}

/** Beyond ASCII, latin1 text is UTF-8 bytes that are still to be read. */
const beyondAscii = /[\x80-\xff]/;

function parse(data: string): unknown {
  try {
    return JSON.parse(beyondAscii.test(data) ? Buffer.from(data, "latin1").toString() : data);
  } catch (cause) {
    throw new GatewayError("upstream_error", "The upstream's stream is not JSON.", { cause });
  }
}
