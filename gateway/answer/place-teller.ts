import { type QueueForm, type QueueNote, queueDone, queueEvent } from "../dialects/queue-events.ts";
import type { Exchange } from "../exchange.ts";
import type { BegunResponse } from "./response-renamer.ts";

/** A place in line, as the line tells it. */
export type Place = { position: number; of: number; etaSeconds: number | null };

/** What of a client's request matters to the way its places are told. */
export type Told = {
  model: string | null;
  /** The upstream keeps no responses, so that one may have an id of ours. */
  ownResponseId: boolean;
};

/** The client's own choice, by the header X-Queue-Events; null where it makes none we know. */
export function queueForm(header: string | string[] | undefined): QueueForm | null {
  return header === "chunk" || header === "comment" || header === "off" ? header : null;
}

/** Tells one streaming client its places, in the form that was chosen and its dialect allows. */
export class PlaceTeller {
  readonly form: QueueForm;
  readonly #exchange: Exchange;
  /** Events of Responses told so far; each has a number. */
  #events = 0;
  #told = false;

  constructor(exchange: Exchange, form: QueueForm) {
    this.#exchange = exchange;
    this.form = form;
  }

  /** True once the client was told a place. */
  get told(): boolean {
    return this.#told;
  }

  /** The response the client was told of, which the upstream's answer must go on with. */
  get begun(): BegunResponse | null {
    if (this.#events === 0) return null;
    return { id: this.#responseId(), events: this.#events };
  }

  /** A place, as one or more whole events; null where the client wants none. */
  tell(place: Place, told: Told): string | null {
    const event = queueEvent(this.#exchange.dialect, this.form, this.#note(place, told));
    if (event === null) return null;
    this.#told = true;
    if (this.#tellsResponse(told)) this.#events += this.#events === 0 ? 2 : 1;
    return event;
  }

  /** The end of the wait; null where the client was told of none. */
  done(told: Told): string | null {
    if (!this.#told) return null;
    return queueDone(this.#exchange.dialect, this.form, this.#note(null, told));
  }

  #tellsResponse({ ownResponseId }: Told): boolean {
    return ownResponseId && this.form === "chunk" && this.#exchange.dialect === "responses";
  }

  #responseId(): string {
    return `resp_${this.#exchange.requestId}`;
  }

  #note(place: Place | null, told: Told): QueueNote {
    const { requestId, startedAt } = this.#exchange;
    const created = Math.floor(startedAt / 1000);
    const response = this.#tellsResponse(told)
      ? { id: this.#responseId(), events: this.#events }
      : null;
    return { requestId, created, model: told.model ?? "", place, response };
  }
}
