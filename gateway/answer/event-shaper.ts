import type { AskedUsage, DialectEvents } from "../dialects/dialect.ts";
import type { Splitter, StreamFraming } from "../dialects/framing.ts";
import { withKeyMasked } from "../dialects/masked-key.ts";
import type { Renamer } from "../dialects/renamer.ts";
import { AlikeEvents } from "../dialects/sse/alike-events.ts";
import { endOf, type StreamEnd } from "../dialects/stream-end.ts";
import { streamError } from "../dialects/stream-error.ts";
import { GatewayError } from "../errors.ts";
import type { Shaper } from "./shaper.ts";

export type EventShaperOptions = {
  framing: StreamFraming;
  events: DialectEvents;
  /** How many choices the client asked for. */
  choices: number;
  /** Puts our id into every event; null leaves the upstream's. */
  renamer: Renamer | null;
  /** Knows the usage chunk that the client did not ask for; null drops none. */
  isDropped: AskedUsage["isOnlyUsage"] | null;
  /** Takes out the null that asking for usage puts into events; null leaves it. */
  clean?: AskedUsage["withoutNull"] | null;
  /**
   * Sees each whole event, as latin1 text: one character a byte, and whether it ends the stream.
   * Also what follows the last event, which the client does not get: some tell their usage there.
   */
  watch: (event: string, end: StreamEnd | null) => void;
  /** Sees the text of an event that is like an earlier one but for it. `watch` does not see those. */
  watchText: (text: string) => void;
  /** Replaces events: by the prompt's progress, with a cost. Null leaves them. */
  amend?: ((event: string) => string) | null;
  /** The gateway's own key at the upstream. An error that quotes it must not reach a client. */
  secret?: string | null;
  /**
   * Rewrites an upstream's error event so that the client's SDK raises it. Leaves it unchanged if it
   * would be raised anyway.
   */
  rewriteError: (event: string) => string;
};

/** An event with data. A comment has no number in a stream that numbers its events. */
const isCounted = (event: string): boolean =>
  event !== "" && (!event.startsWith(":") || event.includes("\ndata:"));

/**
 * Events, each sent on when it is whole. From the dialect's last event on, all is kept back for
 * `finish`.
 */
export function createEventShaper(options: EventShaperOptions): Shaper {
  return new EventShaper(options);
}

class EventShaper implements Shaper {
  readonly framing: StreamFraming;
  readonly edits = true;
  readonly #options: EventShaperOptions;
  readonly #splitter: Splitter;
  readonly #alike: AlikeEvents;
  /** The choices that have said why they ended. */
  readonly #endedChoices = new Set<number>();
  /** What this chunk brings for the client. */
  #out = "";
  #held = "";
  #sent = 0;
  #terminal = false;
  #failed = false;
  #blank = true;

  constructor(options: EventShaperOptions) {
    this.#options = options;
    this.framing = options.framing;
    this.#splitter = options.framing.events.createSplitter();
    this.#alike = new AlikeEvents(options.events.generated);
  }

  get ended(): boolean {
    return this.#terminal || this.#failed;
  }

  get isWhole(): boolean {
    return this.#terminal || this.#endedChoices.size >= this.#options.choices;
  }

  get sent(): number {
    return this.#sent;
  }

  get upstreamId(): string | null {
    return this.#options.renamer?.upstreamId ?? null;
  }

  push(chunk: Buffer): string | null {
    this.#out = "";
    const text = chunk.toString("latin1");
    // Servers send each event as a piece of its own: nearly all need no splitting.
    if (!this.#splitter.isBetween || !this.#takesAlike(text))
      this.#splitter.split(text, this.#take);
    if (this.#out === "") return null;
    this.#blank = false;
    return this.#out;
  }

  finish(): string | null {
    const { events, framing } = this.#options;
    // The last event may come without its end; an event that was cut is dropped.
    const rest = this.#splitter.tail.trimEnd();
    this.#out = "";
    if (endOf(rest, events) !== null || events.endedChoices(rest).length > 0) {
      this.#take(rest + framing.events.end);
    }
    if (this.#terminal || this.#failed || !events.hasLast)
      return textOrNull(this.#out + this.#held);
    if (!this.isWhole) {
      throw new GatewayError(
        "upstream_error",
        "The upstream closed the stream before it was complete.",
      );
    }
    return textOrNull(this.#out + events.missingLast);
  }

  /** Takes one whole event. Always true: what follows the last one is still looked at. */
  readonly #take = (event: string): boolean => this.#takesAlike(event) || this.#takeNew(event);

  /** False if the event is not like the one before. */
  #takesAlike(event: string): boolean {
    const text = this.#terminal ? null : this.#alike.textOf(event);
    if (text === null) return false;
    this.#options.watchText(text);
    this.#out += this.#alike.shown(text);
    this.#sent += 1;
    return true;
  }

  /** An event that is not like the one before. */
  #takeNew(event: string): boolean {
    const { amend = null, clean = null, events, isDropped, renamer, watch } = this.#options;
    if (this.#terminal) {
      watch(event, null);
      return true;
    }
    if (events.isMute(event)) return true;
    const end = endOf(event, events);
    watch(event, end);
    const endedChoices = events.endedChoices(event);
    for (const choice of endedChoices) this.#endedChoices.add(choice);
    const shown = this.#withoutSecret(event, end);
    if (end === "error" || end === "failure") this.#fail(shown);
    if (end === "error") {
      const told = this.#options.rewriteError(shown);
      this.#out += told === shown && renamer !== null ? renamer.rename(told) : told;
      return true;
    }
    if (isDropped?.(shown)) return true;
    const cleaned = clean === null ? shown : clean(shown);
    const named = renamer === null ? cleaned : renamer.rename(cleaned);
    const shaped = amend === null ? named : amend(named);
    if (isCounted(shaped)) this.#sent += 1;
    if (end === null) this.#out += shaped;
    else this.#held = shaped;
    this.#terminal = end !== null;
    if (end === null && endedChoices.length === 0 && shaped === named) this.#learn(event, shaped);
    return true;
  }

  #learn(event: string, shaped: string): void {
    if (!this.#alike.isLearning || this.#options.events.carriesUsage(event)) return;
    this.#alike.learn(event, shaped);
  }

  #fail(event: string): void {
    this.#failed = true;
    // With nothing sent, it is still an answer with a status.
    if (this.#blank && this.#out === "") throw streamError(event, this.#options.framing.events);
  }

  /** Only of errors: a model may say anything. */
  #withoutSecret(event: string, end: StreamEnd | null): string {
    const { secret = null } = this.#options;
    const isError = end === "error" || end === "failure";
    return isError ? withKeyMasked(event, secret) : event;
  }
}

const textOrNull = (text: string): string | null => (text === "" ? null : text);
