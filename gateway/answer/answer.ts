import type { IncomingMessage, ServerResponse } from "node:http";
import type { Framing, Head } from "../dialects/framing.ts";
import { json } from "../dialects/json/json-framing.ts";
import type { BegunAnswer } from "../dialects/renamer.ts";
import type { BrokenStream } from "../dialects/stream-error.ts";
import type { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import { type AnswerOptions, unwanted, type Wanted } from "./answer-options.ts";
import { bodyOfError, eventOfError } from "./error-text.ts";
import { Outlet } from "./outlet.ts";
import { type Place, PlaceEvents, queueForm } from "./place-events.ts";
import type { Beating } from "./pulse.ts";
import { refuse } from "./refuse.ts";
import type { Bytes, Shaper } from "./shaper.ts";

/**
 * A client behind a proxy is told its place no sooner. A proxy written in Go (Caddy, Traefik) may cut
 * an answer that begins while it still looks whether the request's body has more: two in 10 000 of
 * those that began 10 ms after the body, on two busy cores, and none after 50 ms (golang/go#40747).
 * Milliseconds.
 */
const quietWaitMs = 100;

const isProxied = ({ headers }: IncomingMessage): boolean =>
  headers["x-forwarded-for"] !== undefined ||
  headers.forwarded !== undefined ||
  headers.via !== undefined;

/**
 * The one place that writes to the client of a generation: its head once, queue events, the
 * upstream's answer, keep-alives between whole events, an error in the client's dialect, and the
 * end.
 */
export class Answer implements Beating {
  pulseIndex = -1;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  readonly #options: AnswerOptions;
  readonly #outlet: Outlet;
  readonly #places: PlaceEvents;
  /** The client itself asked, by header, for chunks that tell how its wait goes. */
  readonly #asksForChunks: boolean;
  #wanted: Required<Wanted> = unwanted;
  #acceptedAt = 0;
  #place: Place | null = null;
  /** Runs until the first place may be told; null before there is one, and once it was told. */
  #firstTelling: NodeJS.Timeout | null = null;
  #firstPlace: number | null = null;
  #head: Head | null = null;
  #shaper: Shaper | null = null;
  /** No byte of the answer itself is out: whitespace may still stand before a JSON one. */
  #blank = true;
  #ended = false;

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
    this.#outlet = new Outlet(response, exchange, options.mayFrame);
    const form = queueForm(request.headers["x-queue-events"]);
    this.#asksForChunks = form === "chunk";
    this.#places = new PlaceEvents(exchange, form ?? options.queueEvents);
  }

  /** The response that was begun for a client that waits; null where none was. */
  get begunAnswer(): BegunAnswer | null {
    return this.#places.begun;
  }

  /**
   * True where the client sees how its wait goes, or wants to: then also how its prompt is read.
   */
  get tellsProgress(): boolean {
    return this.#asksForChunks || (this.#places.hasTold && this.#places.form === "chunk");
  }

  /** True once the client has a status: from then on errors stand in the stream or body. */
  get committed(): boolean {
    return this.#outlet.hasHead;
  }

  /** True once the upstream has begun to answer. */
  get begun(): boolean {
    return this.#shaper !== null;
  }

  /** True once the upstream has said how its answer ended; some stay connected after that. */
  get saidAll(): boolean {
    return this.#shaper?.ended === true || this.#shaper?.isWhole === true;
  }

  get upstreamId(): string | null {
    return this.#shaper?.upstreamId ?? null;
  }

  /** What an error in the stream must know of the stream. */
  brokenStream(): BrokenStream {
    const { requestId, startedAt } = this.#exchange;
    const { begun } = this.#places;
    const { model, repeated } = this.#wanted;
    return {
      ...{ requestId, startedAt, model, request: repeated() },
      answerId: begun?.id ?? this.upstreamId,
      events: (begun?.events ?? 0) + (this.#shaper?.sent ?? 0),
    };
  }

  /** Starts the keep-alive timer. */
  accepted(wanted: Wanted): void {
    this.#wanted = { ...unwanted, ...wanted };
    this.#acceptedAt = performance.now();
    this.#options.pulse.add(this);
  }

  /**
   * A place in line: the first goes into a header, each into an event where the client streams. Behind
   * a proxy the first event comes after `quietWaitMs`, with the place of then.
   */
  place(place: Place): void {
    this.#firstPlace ??= place.position;
    this.#place = place;
    if (this.committed || !isProxied(this.#request)) this.#tell(place);
    else if (this.#streamFraming !== null)
      this.#firstTelling ??= setTimeout(() => this.#tellFirst(), quietWaitMs);
  }

  /** The wait is over, or there was none. */
  started(): void {
    this.#firstPlace ??= 0;
    this.#waitsNoLonger();
  }

  #tellFirst(): void {
    this.#firstTelling = null;
    if (this.#place !== null && !this.#outlet.isGone) this.#tell(this.#place);
  }

  #waitsNoLonger(): void {
    this.#place = null;
    if (this.#firstTelling !== null) clearTimeout(this.#firstTelling);
    this.#firstTelling = null;
  }

  #tell(place: Place): void {
    const { framing } = this.#wanted;
    if (framing === null) return;
    const event = this.#places.tell(place, this.#wanted);
    if (event === null) return;
    this.#writeHead(framing.head);
    this.#outlet.write(Buffer.from(event));
  }

  /** The upstream's answer begins. `headers` are those the client may see. */
  begin(status: number, headers: Head["headers"], shaper: Shaper): void {
    this.#shaper = shaper;
    this.#head = { status, headers };
    const done = this.#places.done(this.#wanted);
    if (done !== null) this.#outlet.write(Buffer.from(done));
  }

  /**
   * Takes the begun answer back, so that another upstream can give one. False if bytes of it were
   * sent.
   */
  takeBack(): boolean {
    if (!this.#blank) return false;
    this.#shaper = null;
    this.#head = null;
    return true;
  }

  /** Bytes of the upstream. False where the client is slow: see `whenDrained`. */
  data(chunk: Buffer): boolean {
    const out = this.#shaper?.push(chunk) ?? null;
    if (this.#shaper?.ended === true) this.#outlet.expectEnd();
    if (out === null) return true;
    if (this.#blank && this.#head !== null) this.#writeHead(this.#head);
    this.#blank = false;
    return this.#outlet.write(out);
  }

  whenDrained(resume: () => void): void {
    this.#outlet.whenDrained(resume);
  }

  /** The upstream has ended. Takes the last bytes, to be sent by `end`; throws where it was cut. */
  complete(): Bytes | null {
    return this.#shaper?.finish() ?? null;
  }

  /** The end, once the accounts are closed. */
  end(last: Bytes | null): void {
    if (!this.committed && this.#head !== null) {
      const length = last === null ? {} : { "content-length": String(last.length) };
      this.#writeHead({ ...this.#head, headers: { ...this.#head.headers, ...length } });
    }
    this.#endWith(last);
  }

  /** Ends with an error: with a real status if there is none yet, else inside the stream. */
  fail(error: GatewayError): void {
    this.#waitsNoLonger();
    if (!this.committed && !this.#outlet.isGone) {
      this.#ended = true;
      this.#options.pulse.remove(this);
      if (this.#acceptedAt > 0) this.#response.setHeader("x-queue-position", this.#firstPlace ?? 0);
      refuse(this.#request, this.#response, this.#exchange, error);
    } else if (this.#streamFraming !== null && this.#shaper?.ended !== true) {
      // A page that shows the place would show it beside the error for good.
      const done = this.#places.done(this.#wanted) ?? "";
      const event = eventOfError(error, this.#exchange, this.brokenStream());
      this.#endWith(Buffer.from(done + event));
    } else if (this.#mayPad) {
      this.#endWith(Buffer.from(bodyOfError(error, this.#exchange)));
    } else {
      // A stream that said its own last word takes no second one, and half an answer none.
      this.#options.pulse.remove(this);
      this.#outlet.destroy();
    }
  }

  /** No byte is due any more. A client that does not read the end is still let go of. */
  #endWith(last: Bytes | null): void {
    this.#ended = true;
    this.#outlet.end(last, () => this.#options.pulse.remove(this));
  }

  /** Every few seconds: a byte where one is due, an end where the client takes none. */
  beat(now: number): void {
    const framing = this.#streamFraming;
    if (this.#outlet.stall(now) > this.#options.stallMs || this.#outlet.isTooSlow(now)) {
      this.#outlet.destroy();
    } else if (this.#ended) {
      // Only the reading above is left to watch.
    } else if (framing !== null) {
      if (this.#isDue(this.#outlet.silence(now), this.#options.keepAliveMs))
        this.#keepStreamAlive(framing);
    } else if (this.#mayPad && this.#isSilentTooLong(now)) {
      this.#writeHead(json.head);
      this.#outlet.write(json.keepAlive);
    }
  }

  /** The framing of a stream. What the client wants counts until the upstream answers. */
  get #streamFraming(): Framing | null {
    const framing = this.#shaper === null ? this.#wanted.framing : this.#shaper.framing;
    return framing === null || framing.events === null ? null : framing;
  }

  /** Whitespace may stand before a JSON value if its length is not known. */
  get #mayPad(): boolean {
    return this.#wanted.framing !== null && this.#blank && this.#shaper?.edits !== false;
  }

  #isSilentTooLong(now: number): boolean {
    const { silenceMs, keepAliveMs } = this.#options;
    if (this.committed) return this.#isDue(this.#outlet.silence(now), keepAliveMs);
    return silenceMs !== null && this.#isDue(now - this.#acceptedAt, silenceMs);
  }

  /** At the next beat it would be too late. */
  #isDue(silence: number, limitMs: number): boolean {
    return silence > limitMs - this.#options.pulse.everyMs;
  }

  #keepStreamAlive(framing: Framing): void {
    if (this.#place !== null && this.#places.hasTold) {
      this.#tell(this.#place);
      return;
    }
    this.#writeHead(this.#head ?? framing.head);
    const isPlain = this.#places.form === "off";
    this.#outlet.write(isPlain ? framing.plainKeepAlive : framing.keepAlive);
  }

  #writeHead(head: Head): void {
    this.#outlet.head(head, this.#firstPlace ?? 0);
  }
}
