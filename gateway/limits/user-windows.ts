import { type Amounts, type Limit, type Metric, metrics, nothing } from "./limit.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** Something that was used; milliseconds since the epoch. */
export type Past = { readonly at: number } & Partial<Amounts>;

/**
 * Returns what a user used since a time, oldest first. Older uses may be summed up, but not those of
 * before and after `apart`. A promise where that is read from another machine; it never rejects, and
 * is null if it cannot be read now.
 */
export type UsageHistory = (
  user: string,
  since: number,
  apart?: number,
) => readonly Past[] | Promise<readonly Past[] | null>;

/** The windows of one user, over all their keys and ways in. */
export class UserWindows {
  readonly #windows = new Map<string, SlidingWindow>();
  /** Reserved by all unsettled reservations. A new window starts with it. */
  readonly #held: Record<Metric, number> = { ...nothing };
  /** The latest list of limits. Limits seldom change, and each list is made once. */
  #limits: readonly Limit[] = [];
  #ofLimits: readonly SlidingWindow[] = [];
  /** Windows that began at a time (milliseconds) without what was used before. */
  readonly #unread = new Map<string, number>();
  /** Reservations that are not settled. */
  underWay = 0;

  /**
   * The window of each limit, in the order of `limits`. A new window is filled from `past`, so that
   * neither a restart nor an edit of the file gives a fresh allowance.
   */
  of(
    limits: readonly Limit[],
    past: (windowMs: number) => readonly Past[],
    now: number,
  ): readonly SlidingWindow[] {
    if (limits === this.#limits) return this.#ofLimits;
    const missing = limits.filter((limit) => !this.#windows.has(nameOf(limit)));
    if (missing.length > 0) this.#fill(missing, past, now);
    this.#limits = limits;
    this.#ofLimits = limits.flatMap((limit) => this.#windows.get(nameOf(limit)) ?? []);
    return this.#ofLimits;
  }

  /** The longest of the windows of `limits` that are not filled yet; 0: all are. Milliseconds. */
  lacks(limits: readonly Limit[]): number {
    if (limits === this.#limits) return 0;
    const missing = limits.filter((limit) => !this.#windows.has(nameOf(limit)));
    return Math.max(0, ...missing.map(({ windowMs }) => windowMs));
  }

  /** New windows of `limits` begin without what was used before `since`: it cannot be read now. */
  begin(limits: readonly Limit[], since: number): void {
    for (const limit of limits) {
      if (!this.#windows.has(nameOf(limit))) this.#unread.set(nameOf(limit), since);
    }
    this.of(limits, () => [], since);
  }

  /** The longest window that began without what was used before; 0: none did. Milliseconds. */
  get unreadMs(): number {
    if (this.#unread.size === 0) return 0;
    return Math.max(
      0,
      ...[...this.#unread.keys()].map((name) => this.#windows.get(name)?.windowMs ?? 0),
    );
  }

  /** From when on the windows that began so know what was used. Milliseconds. */
  get unreadUntil(): number {
    return Math.min(...this.#unread.values());
  }

  /** Brings what was used before to the windows that began without it. */
  catchUp(past: readonly Past[], now: number): void {
    for (const [name, began] of this.#unread) {
      const window = this.#windows.get(name);
      if (window === undefined) continue;
      const missed = past.filter(({ at }) => at < began && at + window.windowMs > now);
      window.precede(missed.map((one) => ({ amount: one[metricOf(name)] ?? 0, at: one.at })));
    }
    this.#unread.clear();
  }

  hold(amounts: Amounts): void {
    for (const metric of metrics) this.#held[metric] = exact(this.#held[metric] + amounts[metric]);
    for (const [name, window] of this.#windows) window.held = this.#held[metricOf(name)];
  }

  add(amounts: Amounts, now: number): void {
    for (const [name, window] of this.#windows) window.add(amounts[metricOf(name)], now);
  }

  #fill(missing: readonly Limit[], past: (windowMs: number) => readonly Past[], now: number): void {
    const longest = Math.max(...missing.map(({ windowMs }) => windowMs));
    const found = past(longest);
    for (const limit of missing) {
      const window = new SlidingWindow(limit.windowMs);
      window.held = this.#held[limit.metric];
      for (const one of found) {
        // If the clock was set back, rows can be in the future. They count as now.
        const at = Math.min(one.at, now);
        if (at + limit.windowMs > now) window.add(one[limit.metric] ?? 0, at);
      }
      this.#windows.set(nameOf(limit), window);
    }
  }
}

/** Removes the rounding error of floating point: 0 dollars must be 0 again. */
const exact = (amount: number): number =>
  Number.isInteger(amount) ? amount : Math.round(amount * 1e9) / 1e9;

const nameOf = ({ metric, windowMs }: Limit): string => `${metric} ${windowMs}`;
const metricOf = (name: string): Metric => name.slice(0, name.indexOf(" ")) as Metric;
