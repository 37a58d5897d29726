import { Roster } from "../../roster.ts";
import type { LinePlace } from "../ticket.ts";
import type { Teller } from "./forecast.ts";

/** Someone who waits, and what they were told last. */
export type Watcher = {
  readonly onPlace: ((place: LinePlace) => void) | undefined;
  place: LinePlace;
  told: LinePlace;
  toldAt: number;
};

type BoardOptions = {
  /** How often places are told at most, in milliseconds. */
  everyMs: number;
  now: () => number;
  /** Calls back for each of the first so many ids that wait, in order. */
  forecast(tell: Teller, most: number): void;
};

/** So far back places are told least often; so they are looked at no oftener. */
const farBack = 1000;
const ticksFarBack = 10;
/**
 * Times may pass in which nothing moves, but estimates turn out wrong: so often they are looked at.
 */
const restlessTicks = 5;

/**
 * Tells everyone who waits their place, when it changes. One timer for the whole line, which runs
 * only while somebody waits; one pass over those in front at each tick in which it moved.
 */
export class PlaceBoard {
  readonly #options: BoardOptions;
  readonly #watchers = new Roster<Watcher>();
  #timer: NodeJS.Timeout | undefined;
  /** The line has moved since anybody's place was looked at. */
  #moved = false;
  /** The line has moved since the places far back were looked at. */
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

  /** The line has moved: places may be others. */
  moved(): void {
    this.#moved = true;
  }

  /** The place of someone who waits, as it is now. */
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
      // A timer may come a little early; whoever is skipped is told at the next tick.
      if (silentMs < everyMs * (patience(watcher.place) - 0.1) || !isNews(watcher, silentMs)) {
        continue;
      }
      watcher.told = watcher.place;
      watcher.toldAt = at;
      watcher.onPlace?.(watcher.place);
    }
  }

  /** Brings up to date the places of the first so many. */
  #look(most: number): void {
    const of = this.#watchers.size;
    this.#moved = false;
    this.#stillTicks = 0;
    this.#movedFarBack = of > most;
    if (!this.#movedFarBack) this.#ticksSinceAll = 0;
    this.#options.forecast((id, position, startsInMs) => {
      const watcher = this.#watchers.get(id);
      if (watcher === undefined) return;
      const etaSeconds = startsInMs === null ? null : Math.ceil(startsInMs / 1000);
      watcher.place = { position, of, etaSeconds };
    }, most);
  }
}

/**
 * How many ticks lie between two places told: one up to the 100th, ten from the 1000th on.
 * Thousands who wait are thousands of writes at each movement, and the 3012th gains nothing by the
 * 3011th.
 */
function patience({ position }: LinePlace): number {
  return Math.min(ticksFarBack, Math.max(1, (position * ticksFarBack) / farBack));
}

/** A place is news when it is another, or when the wait has become other than the last one told. */
function isNews({ place, told }: Watcher, silentMs: number): boolean {
  if (place.position !== told.position || place.of !== told.of) return true;
  if (place.etaSeconds === null || told.etaSeconds === null) {
    return place.etaSeconds !== told.etaSeconds;
  }
  const expected = Math.max(0, told.etaSeconds - silentMs / 1000);
  return Math.abs(place.etaSeconds - expected) > Math.max(2, expected / 5);
}
