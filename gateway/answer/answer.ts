import type { IncomingMessage, ServerResponse } from "node:http";
import { errorBody, errorEvent } from "../dialects/error-body.ts";
import type { QueueForm } from "../dialects/queue-events.ts";
import type { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { type Head, jsonHead, streamHead } from "./head.ts";
import { type Place, PlaceTeller, queueForm } from "./place-teller.ts";
import type { Beating, Pulse } from "./pulse.ts";
import { refuse, setIdentityHeaders } from "./refuse.ts";
import type { BegunResponse } from "./response-renamer.ts";
import type { Shaper } from "./shaper.ts";

export type AnswerOptions = {
  pulse: Pulse;
  queueEvents: QueueForm;
  /** The longest a stream stays without a byte. Milliseconds, as all here. */
  keepAliveMs: number;
  /** How long a JSON answer may be silent before its 200 and whitespace go out; null is never. */
  silenceMs: number | null;
  /** How long a client may leave us unable to write before it counts as gone. */
  stallMs: number;
};

/** What the client asked for, once it is known. */
export type Asked = {
  model: string | null;
  stream: boolean;
  /** The answer is one JSON value, where it does not stream. */
  json: boolean;
  /**
   * The upstream keeps no responses (llama.cpp): one may have an id of ours, and a client of
   * Responses is then told its places by events. Elsewhere by comments alone.
   */
  ownResponseId?: boolean;
};

/**
 * The one place that writes to the client of a generation: its head once, queue events, the upstream's
 * answer, keep-alives between whole events, an error in the client's dialect, and the end.
 */
export class Answer implements Beating {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  readonly #options: AnswerOptions;
  readonly #places: PlaceTeller;
  /** The client itself asked, by header, for chunks that tell how its wait goes. */
  readonly #asksForChunks: boolean;
  #asked = { model: null as string | null, stream: false, json: false, ownResponseId: false };
  #acceptedAt = 0;
  #writtenAt = 0;
  #stalledAt: number | null = null;
  #place: Place | null = null;
  #firstPlace: number | null = null;
  #head: Head | null = null;
  #shaper: Shaper | null = null;
  /** No byte of the answer itself is out: whitespace may still stand before a JSON one. */
  #blank = true;
  #corked = false;

  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    exchange: Exchange,
    options: AnswerOptions,
  ) {
    this.#request = request;
    this.#response = response;
    this.#exchange = exchange;
    this.#options = options;
    const form = queueForm(request.headers["x-queue-events"]);
    this.#asksForChunks = form === "chunk";
    this.#places = new PlaceTeller(exchange, form ?? options.queueEvents);
  }

  /** The response that was begun for a client that waits; null where none was. */
  get begunResponse(): BegunResponse | null {
    return this.#places.begun;
  }

  /** True where the client sees how its wait goes, or wants to: then also how its prompt is read. */
  get tellsProgress(): boolean {
    return this.#asksForChunks || (this.#places.told && this.#places.form === "chunk");
  }

  /** True once the client has a status: from then on errors stand in the stream or body. */
  get committed(): boolean {
    return this.#response.headersSent;
  }

  /** True once the upstream has begun to answer. */
  get begun(): boolean {
    return this.#shaper !== null;
  }

  get upstreamId(): string | null {
    return this.#shaper?.upstreamId ?? null;
  }

  /** From here on the client is not left in silence. */
  accepted(asked: Asked): void {
    this.#asked = { ownResponseId: false, ...asked };
    this.#acceptedAt = this.#writtenAt = performance.now();
    this.#options.pulse.add(this);
  }

  /** A place in line: the first goes into a header, each into an event where the client streams. */
  place(place: Place): void {
    this.#firstPlace ??= place.position;
    this.#place = place;
    if (!this.#asked.stream) return;
    const event = this.#places.tell(place, this.#asked);
    if (event === null) return;
    this.#writeHead(streamHead);
    this.#write(Buffer.from(event));
  }

  /** The wait is over, or there was none. */
  started(): void {
    this.#firstPlace ??= 0;
    this.#place = null;
  }

  /** The upstream's answer begins. `headers` are those the client may see. */
  begin(status: number, headers: Head["headers"], shaper: Shaper): void {
    this.#shaper = shaper;
    this.#head = { status, headers };
    const done = this.#places.done(this.#asked);
    if (done !== null) this.#write(Buffer.from(done));
  }

  /** Bytes of the upstream. False where the client is slow: see `whenDrained`. */
  data(chunk: Buffer): boolean {
    const out = this.#shaper?.push(chunk) ?? null;
    if (out === null) return true;
    this.#blank = false;
    if (this.#head !== null) this.#writeHead(this.#head);
    return this.#write(out);
  }

  whenDrained(resume: () => void): void {
    this.#stalledAt = performance.now();
    this.#response.once("drain", () => {
      this.#stalledAt = null;
      resume();
    });
  }

  /** The upstream has ended. Takes the last bytes, to be sent by `end`; throws where it was cut. */
  complete(): Buffer | null {
    return this.#shaper?.finish() ?? null;
  }

  /** The end, once the accounts are closed. */
  end(last: Buffer | null): void {
    this.#options.pulse.remove(this);
    const response = this.#response;
    if (response.destroyed) return;
    if (!response.headersSent && this.#head !== null) {
      if (last !== null) response.setHeader("content-length", last.length);
      this.#writeHead(this.#head);
    }
    if (last === null) response.end();
    else response.end(last);
    this.#uncork();
  }

  /** The end by an error: a real status while there is none, else in the dialect's in-stream form. */
  fail(error: GatewayError): void {
    this.#options.pulse.remove(this);
    const response = this.#response;
    if (response.destroyed) return;
    const { dialect, requestId } = this.#exchange;
    if (response.headersSent) {
      // A stream that said its own last word takes no second one.
      const streamed = this.#asked.stream && this.#shaper?.ended !== true;
      const events = this.#places.begun?.events ?? 0;
      if (streamed) response.end(errorEvent(error, dialect, requestId, events));
      else if (this.#asked.json && this.#blank) {
        response.end(errorBody(error, dialect, requestId));
      } else response.destroy();
      this.#uncork();
      return;
    }
    if (this.#acceptedAt > 0) response.setHeader("x-queue-position", this.#firstPlace ?? 0);
    refuse(this.#request, response, this.#exchange, error);
  }

  /** About once a second: a byte where one is due, an end where the client takes none. */
  beat(now: number): void {
    if (this.#stalledAt !== null && now - this.#stalledAt > this.#options.stallMs) {
      this.#response.destroy();
    } else if (this.#asked.stream) {
      if (this.#isDue(now - this.#writtenAt, this.#options.keepAliveMs)) this.#keepStreamAlive();
    } else if (this.#asked.json && this.#blank && this.#isSilentTooLong(now)) {
      this.#writeHead(jsonHead);
      this.#write(Buffer.from("\n"));
    }
  }

  #isSilentTooLong(now: number): boolean {
    const { silenceMs, keepAliveMs } = this.#options;
    if (this.committed) return this.#isDue(now - this.#writtenAt, keepAliveMs);
    return silenceMs !== null && this.#isDue(now - this.#acceptedAt, silenceMs);
  }

  /** At the next beat it would be too late. */
  #isDue(silence: number, limitMs: number): boolean {
    return silence > limitMs - this.#options.pulse.everyMs;
  }

  #keepStreamAlive(): void {
    if (this.#place !== null && this.#places.told) {
      this.place(this.#place);
      return;
    }
    this.#writeHead(this.#head ?? streamHead);
    // A blank line is the one thing that no hand-written parser minds: `off` is for those.
    this.#write(Buffer.from(this.#places.form === "off" ? "\n" : ": keep-alive\n\n"));
  }

  #writeHead(head: Head): void {
    const response = this.#response;
    if (response.headersSent) return;
    setIdentityHeaders(response, this.#exchange);
    response.setHeader("x-queue-position", this.#firstPlace ?? 0);
    for (const name in head.headers) response.setHeader(name, head.headers[name] ?? "");
    response.writeHead(head.status);
  }

  /** Whole events only. What is written in one turn goes out as one chunk. */
  #write(bytes: Buffer): boolean {
    this.#writtenAt = performance.now();
    if (!this.#corked) {
      this.#corked = true;
      this.#response.cork();
      process.nextTick(() => this.#uncork());
    }
    return this.#response.write(bytes);
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#response.uncork();
  }
}
