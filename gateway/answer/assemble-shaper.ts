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
  const { framing, events, assembly, choices, watch } = options;
  const splitter = framing.createSplitter();
  const pieces = new Pieces(options);
  const endedChoices = new Set<number>();
  let terminal = false;
  let size = 0;

  const joins = (event: string): boolean => !terminal && pieces.join(event);

  /** Always true: what follows the last event may tell the usage. */
  function take(event: string): boolean {
    if (joins(event)) return true;
    if (terminal) {
      watch(event, null);
      return true;
    }
    if (events.isMute(event)) return true;
    const end = endOf(event, events);
    watch(event, end);
    if (end === "error" || end === "failure") throw streamError(event, framing);
    const ended = events.endedChoices(event);
    for (const choice of ended) endedChoices.add(choice);
    terminal = end === "last";
    // The last event of some APIs says something, too; `[DONE]` does not.
    const isSaying = !terminal || framing.dataOf(event).startsWith("{");
    if (isSaying) pieces.add(event, end === null && ended.length === 0);
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
      const text = chunk.toString("latin1");
      if (!splitter.isBetween || !joins(text)) splitter.split(text, take);
      return null;
    },
    finish() {
      const rest = splitter.tail.trimEnd();
      if (endOf(rest, events) !== null || events.endedChoices(rest).length > 0) {
        take(rest + framing.end);
      }
      pieces.flush();
      if (!isWhole()) throw cutStream();
      return refusingDepth(() => Buffer.from(JSON.stringify(assembly.answer(options.id))));
    },
  };
}

const cutStream = (): GatewayError =>
  new GatewayError("upstream_error", "The upstream closed the stream before it was complete.");

/** What goes into the assembly. Of events that differ in one text alone, the texts are joined first. */
class Pieces {
  readonly #options: AssembleShaperOptions;
  readonly #alike: AlikeEvents;
  #joined = "";

  constructor(options: AssembleShaperOptions) {
    this.#options = options;
    this.#alike = new AlikeEvents(options.events.generated);
  }

  /** False if the event is not like those before. */
  join(event: string): boolean {
    const text = this.#alike.textOf(event);
    if (text === null) return false;
    this.#options.watchText(text);
    this.#joined += text;
    return true;
  }

  /** Adds an event that is not like those before; if it ends nothing, the next may be like it. */
  add(event: string, endsNothing: boolean): void {
    this.flush();
    this.#parse(event);
    if (!endsNothing || !this.#alike.isLearning || !isPiece(event)) return;
    if (!this.#options.events.carriesUsage(event)) this.#alike.learn(event, event);
  }

  flush(): void {
    const text = this.#joined;
    this.#joined = "";
    if (text !== "") this.#parse(this.#alike.sent(text));
  }

  #parse(event: string): void {
    const data = this.#options.framing.dataOf(event);
    // Comments have none.
    if (data !== "") refusingDepth(() => this.#options.assembly.add(parse(data)));
  }
}

/** Such texts are joined. Of a message that each event repeats the last counts. */
const isPiece = (event: string): boolean =>
  holds(event, 'delta"', openBrace) || holds(event, 'text"', quote);

const openBrace = 0x7b;
const quote = 0x22;

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
