import { dialects } from "../dialects/all.ts";
import type { DialectPlaces } from "../dialects/dialect.ts";
import type { Framing } from "../dialects/framing.ts";
import type { PlaceNote } from "../dialects/place-words.ts";
import type { BegunAnswer } from "../dialects/renamer.ts";
import type { Exchange } from "../exchange.ts";
import type { JsonObject } from "../json-object.ts";

/** The form of a place: an event with its comment, the comment alone, or nothing. */
export type QueueForm = "chunk" | "comment" | "off";

/** A place in the queue, as the line tells it. */
export type Place = {
  position: number;
  of: number;
  etaSeconds: number | null;
  range?: { readonly lowSeconds: number; readonly highSeconds: number };
};

/** What of an exchange its place events depend on. */
type Waiting = Pick<Exchange, "requestId" | "startedAt" | "dialect">;

/** What the form of a place depends on in the client's request. */
export type PlaceContext = {
  model: string | null;
  framing: Framing | null;
  /** The gateway may begin the answer, with an id of its own. */
  mayBegin: boolean;
  /** The fields of the request that an answer of ours repeats. */
  repeated: () => JsonObject;
};

/** The client's own choice, in the header X-Queue-Events; null if it makes none that we know. */
export function queueForm(header: string | string[] | undefined): QueueForm | null {
  return header === "chunk" || header === "comment" || header === "off" ? header : null;
}

/** Writes the places of one streaming client, in the form it chose and its dialect allows. */
export class PlaceEvents {
  readonly form: QueueForm;
  readonly #exchange: Waiting;
  readonly #places: DialectPlaces;
  /** Events of an answer of ours so far; each has a number. */
  #events = 0;
  #hasTold = false;
  #isDone = false;

  constructor(exchange: Waiting, form: QueueForm) {
    this.#exchange = exchange;
    this.#places = dialects[exchange.dialect].places;
    this.form = form;
  }

  /** True once the client got a place. */
  get hasTold(): boolean {
    return this.#hasTold;
  }

  /** The answer that was begun, which the upstream's answer must continue. */
  get begun(): BegunAnswer | null {
    const { begins } = this.#places;
    if (this.#events === 0 || begins === null) return null;
    return { id: begins.idOf(this.#exchange.requestId), events: this.#events };
  }

  /** A place, as one or more whole events; null if the client wants none. */
  tell(place: Place, context: PlaceContext): string | null {
    const event = this.#write(place, context);
    if (event === null) return null;
    this.#hasTold = true;
    if (this.#mayBegin(context)) {
      this.#events += this.#places.begins?.eventsAfter(this.#events) ?? 0;
    }
    return event;
  }

  /** The end of the wait, once; null if the client got no place. */
  done(context: PlaceContext): string | null {
    if (!this.#hasTold || this.#isDone) return null;
    this.#isDone = true;
    return this.#write(null, context);
  }

  #mayBegin({ mayBegin }: PlaceContext): boolean {
    return mayBegin && this.form === "chunk" && this.#places.begins !== null;
  }

  #write(place: Place | null, context: PlaceContext): string | null {
    const events = context.framing?.events ?? null;
    if (this.form === "off" || events === null) return null;
    const comment = events.comment(`queue-position=${place?.position ?? 0}`);
    const event = this.form === "chunk" ? this.#places.event(this.#note(place, context)) : null;
    if (event !== null) return comment + event;
    return comment === "" ? null : comment + events.commentEnd;
  }

  #note(place: Place | null, context: PlaceContext): PlaceNote {
    const { requestId, startedAt } = this.#exchange;
    const created = Math.floor(startedAt / 1000);
    const id = this.#mayBegin(context) ? this.#places.begins?.idOf(requestId) : undefined;
    const begun = id === undefined ? null : { id, events: this.#events };
    const request = begun === null ? {} : context.repeated();
    return { requestId, created, model: context.model ?? "", place, begun, request };
  }
}
