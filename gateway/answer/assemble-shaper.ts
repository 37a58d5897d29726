import type { DialectEvents } from "../dialects/dialect.ts";
import type { EventFraming } from "../dialects/framing.ts";
import type { Assembly } from "../dialects/openai-chat/assembly.ts";
import { AlikeEvents } from "../dialects/sse/alike-events.ts";
import { holds } from "../dialects/sse/event-scan.ts";
import { endOf, type StreamEnd } from "../dialects/stream-end.ts";
import { streamError } from "../dialects/stream-error.ts";
import { GatewayError } from "../errors.ts";
import { type Shaper, wholeSize } from "./shaper.ts";

export type AssembleShaperOptions = {
  framing: EventFraming;
  events: DialectEvents;
  assembly: Assembly;
  /** How many choices the client asked for. */
  choices: number;
  /** The answer's id. */
  id: string;
  /** Sees each whole event, as latin1 text: one character a byte, and whether it ends the stream. */
  watch: (event: string, end: StreamEnd | null) => void;
  /** Sees the text of an event that is like an earlier one but for it. `watch` does not see those. */
  watchText: (text: string) => void;
};

/**
 * The events of a stream, put together to the one JSON answer of a client that does not stream.
 * Nothing goes out before `finish`, so an error event still becomes an answer with a status: `push`
 * throws it, as a GatewayError.
 */
export function createAssembleShaper(options: AssembleShaperOptions): Shaper {
  const { framing, events, assembly, choices, watch, watchText } = options;
  const splitter = framing.createSplitter();
  const alike = new AlikeEvents(events.generated);
  /** Texts of events alike, joined: they are parsed as one event. */
  let joined = "";
  const endedChoices = new Set<number>();
  let terminal = false;
  let size = 0;

  function add(event: string): void {
    const data = framing.dataOf(event);
    // Comments have none.
    if (data !== "") refusingDepth(() => assembly.add(parse(data)));
  }

  function addJoined(): void {
    if (joined !== "") add(alike.sent(joined));
    joined = "";
  }

  /** Always true: what follows the last event may tell the usage. */
  function take(event: string): boolean {
    const text = terminal ? null : alike.textOf(event);
    if (text === null) return takeNew(event);
    watchText(text);
    joined += text;
    return true;
  }

  function takeNew(event: string): boolean {
    addJoined();
    if (terminal) {
      watch(event, null);
      return true;
    }
    const end = endOf(event, events);
    watch(event, end);
    if (end === "error") throw streamError(event, framing);
    const ended = events.endedChoices(event);
    for (const choice of ended) endedChoices.add(choice);
    terminal = end === "last";
    if (!terminal) add(event);
    const isPlain = end === null && ended.length === 0 && isPiece(event);
    if (isPlain && alike.isLearning && !events.carriesUsage(event)) alike.learn(event, event);
    return true;
  }

  const isWhole = (): boolean => terminal || endedChoices.size >= choices;

  return {
    framing: null,
    edits: true,
    ended: false,
    get isWhole() {
      return isWhole();
    },
    get upstreamId() {
      return assembly.upstreamId;
    },
    push(chunk) {
      size = wholeSize(size, chunk);
      splitter.split(chunk, take);
      return null;
    },
    finish() {
      const rest = splitter.tail.trimEnd();
      if (endOf(rest, events) !== null || events.endedChoices(rest).length > 0) {
        take(rest + framing.end);
      }
      addJoined();
      if (!isWhole()) {
        throw new GatewayError(
          "upstream_error",
          "The upstream closed the stream before it was complete.",
        );
      }
      return refusingDepth(() => Buffer.from(JSON.stringify(assembly.answer(options.id))));
    },
  };
}

/** Such texts are joined. Of a message that each event repeats the last counts. */
const isPiece = (event: string): boolean =>
  holds(event, 'delta"', 0x7b) || holds(event, 'text"', 0x22);

/** JSON that is nested too deep ends the stack, and is the upstream's fault. */
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
