import { type Amounts, type Limit, type Metric, metrics, nothing } from "./limit.ts";
import { SlidingWindow } from "./sliding-window.ts";

/** Something that was used; milliseconds since the epoch. */
export type Past = { readonly at: number } & Partial<Amounts>;

/** What a user used since a time, oldest first; it may be summed up where it is long ago. */
export type UsageHistory = (user: string, since: number) => readonly Past[];

/** The windows of one user, whichever key or way in named them. */
export class UserWindows {
  readonly #windows = new Map<string, SlidingWindow>();
  /** Of all reservations that are not settled; a window that is new begins with it. */
  readonly #held: Record<Metric, number> = { ...nothing };
  /** The list that was last looked at: limits seldom change, and lists are made once. */
  #limits: readonly Limit[] = [];
  #ofLimits: readonly SlidingWindow[] = [];
  /** Reservations that are not settled. */
  underWay = 0;

  /**
   * The window of each limit, in their order. One that is new is filled from `past`, so that
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
        // What a clock that was set back has written lies in the future; it is the present here.
        const at = Math.min(one.at, now);
        if (at + limit.windowMs > now) window.add(one[limit.metric] ?? 0, at);
      }
      this.#windows.set(nameOf(limit), window);
    }
  }
}

/** Without what floating point leaves over of dollars that came and went: 0 must be 0 again. */
const exact = (amount: number): number =>
  Number.isInteger(amount) ? amount : Math.round(amount * 1e9) / 1e9;

const nameOf = ({ metric, windowMs }: Limit): string => `${metric} ${windowMs}`;
const metricOf = (name: string): Metric => name.slice(0, name.indexOf(" ")) as Metric;
