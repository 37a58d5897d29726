import { Roster } from "../../roster.ts";
import type { LinePlace } from "../ticket.ts";
import type { Teller } from "./forecast.ts";
import type { EtaRange } from "./wait-ranges.ts";

/** A waiting request, and the place that it was told last. */
export type Watcher = {
  readonly onPlace: ((place: LinePlace) => void) | undefined;
  place: LinePlace;
  told: LinePlace;
  toldAt: number;
};

type BoardOptions = {
  /** The least time between two places told to a request, in milliseconds. */
  everyMs: number;
  now: () => number;
  /** Calls `tell` for each of the first `most` waiting ids, in order. */
  forecast(tell: Teller, most: number): void;
  /** The range around the wait that a request is told. */
  rangeOf(id: string, ms: number): EtaRange;
};

/** Places so far back are told least often, so they are not foreseen more often. */
const farBack = 1000;
const ticksFarBack = 10;
/**
 * The line may stand still while estimates turn out wrong. So the places are looked at after so
 * many still ticks.
 */
const restlessTicks = 5;

/**
 * Tells each waiting request its place when it changes. The whole line has one timer, which runs
 * only while a request waits. At each tick after a movement it makes one pass over the first
 * requests.
 */
export class PlaceBoard {
  readonly #options: BoardOptions;
  readonly #watchers = new Roster<Watcher>();
  #timer: NodeJS.Timeout | undefined;
  /** The line has moved since the last look at the places. */
  #moved = false;
  /** The line has moved since the last look at the places far back. */
  #movedFarBack = false;
  #ticksSinceAll = 0;
  #stillTicks = 0;

  constructor(options: BoardOptions) {
    this.#options = options;
  }

  watch(id: string, onPlace: Watcher["onPlace"], place: LinePlace): void {
    this.#watchers.set(id, { onPlace, place, told: place, toldAt: this.#options.now() });
    this.#moved = true;
    this.#timer ??= setInterval(() => this.tick(), this.#options.everyMs).unref();
    onPlace?.(place);
  }

  unwatch(id: string): void {
    if (!this.#watchers.delete(id)) return;
    this.#moved = true;
    if (this.#watchers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Call it when the line has moved, because places may have changed. */
  moved(): void {
    this.#moved = true;
  }

  /** The place of a waiting request now. */
  placeOf(id: string): LinePlace | undefined {
    if (this.#moved || this.#movedFarBack) this.#look(Number.POSITIVE_INFINITY);
    return this.#watchers.get(id)?.place;
  }

  tick(): void {
    if (++this.#ticksSinceAll >= ticksFarBack) this.#look(Number.POSITIVE_INFINITY);
    else if (this.#moved || ++this.#stillTicks >= restlessTicks) this.#look(farBack);
    const { now, everyMs } = this.#options;
    const at = now();
    for (const watcher of this.#watchers.values()) {
      const silentMs = at - watcher.toldAt;
      // A timer may fire a little early. A skipped request is told at the next tick.
      if (silentMs < everyMs * (patience(watcher.place) - 0.1) || !isNews(watcher, silentMs)) {
        continue;
      }
      watcher.told = watcher.place;
      watcher.toldAt = at;
      watcher.onPlace?.(watcher.place);
    }
  }

  /** Updates the places of the first `most` requests. */
  #look(most: number): void {
    const of = this.#watchers.size;
    this.#moved = false;
    this.#stillTicks = 0;
    this.#movedFarBack = of > most;
    if (!this.#movedFarBack) this.#ticksSinceAll = 0;
    this.#options.forecast((id, position, startsInMs) => {
      const watcher = this.#watchers.get(id);
      if (watcher === undefined) return;
      watcher.place =
        startsInMs === null
          ? { position, of, etaSeconds: null }
          : {
              ...{ position, of, etaSeconds: Math.ceil(startsInMs / 1000) },
              range: this.#options.rangeOf(id, startsInMs),
            };
    }, most);
  }
}

/**
 * The ticks between two places told: one up to the 100th place, ten from the 1000th on. Thousands
 * of waiting requests are thousands of writes at each movement, and place 3011 is no better news
 * than 3012.
 */
function patience({ position }: LinePlace): number {
  return Math.min(ticksFarBack, Math.max(1, (position * ticksFarBack) / farBack));
}

/** Whether the place is news: it has changed, or the wait is not the one that was told last. */
function isNews({ place, told }: Watcher, silentMs: number): boolean {
  if (place.position !== told.position || place.of !== told.of) return true;
  if (place.etaSeconds === null || told.etaSeconds === null) {
    return place.etaSeconds !== told.etaSeconds;
  }
  const expected = Math.max(0, told.etaSeconds - silentMs / 1000);
  return Math.abs(place.etaSeconds - expected) > Math.max(2, expected / 5);
}
