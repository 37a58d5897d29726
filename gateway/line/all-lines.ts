import type { Line, ListedRequest } from "./line.ts";

/** All lines of the gateway, to be shown and steered together. */
export type AllLines = Pick<
  Line,
  | "state"
  | "list"
  | "nextFreeSeconds"
  | "oldestWaits"
  | "coverage"
  | "fairness"
  | "cancel"
  | "onChange"
  | "pause"
  | "resume"
  | "drain"
> & {
  view(): ReturnType<Line["view"]> & {
    /** The part of the capacity that is at upstreams that take new requests now. */
    usable: number;
  };
};

/** The lines of all pools as one. */
export function allLines(lines: readonly Line[], usableSlots: () => number): AllLines {
  const [first] = lines;
  /**
   * Kept for all listeners of one change: they ask one after the other, before anything else
   * happens.
   */
  let listed: ListedRequest[] | null = null;
  const forget = (): void => {
    listed = null;
  };
  const each = (act: (line: Line) => void) => (): void => {
    forget();
    for (const line of lines) act(line);
  };
  return {
    view() {
      const sum = { waiting: 0, active: 0, capacity: 0, usable: usableSlots() };
      for (const line of lines) {
        const { waiting, active, capacity } = line.view();
        sum.waiting += waiting;
        sum.active += active;
        sum.capacity += capacity;
      }
      return sum;
    },
    nextFreeSeconds() {
      const known = lines.map((line) => line.nextFreeSeconds()).filter((one) => one !== null);
      return known.length > 0 ? Math.min(...known) : null;
    },
    oldestWaits: () => oldestOf(lines),
    coverage: () => coverageOf(lines),
    fairness: () => fairnessOf(lines),
    // All lines are steered together, so one speaks for all.
    state: () => first?.state() ?? "open",
    list(): ListedRequest[] {
      if (listed === null) {
        listed = lines.flatMap((line) => line.list());
        queueMicrotask(forget);
      }
      return listed;
    },
    cancel(id, reason) {
      forget();
      return lines.some((line) => line.cancel(id, reason));
    },
    onChange(listener) {
      const ends = lines.map((line) => line.onChange(listener));
      return () => {
        for (const end of ends) end();
      };
    },
    pause: each((line) => line.pause()),
    resume: each((line) => line.resume()),
    drain: each((line) => line.drain()),
  };
}

function oldestOf(lines: readonly Line[]): ReturnType<Line["oldestWaits"]> {
  const all = lines.map((line) => line.oldestWaits());
  const of = (name: "background" | "normal" | "raised"): number =>
    Math.max(0, ...all.map((one) => one[name]));
  return { background: of("background"), normal: of("normal"), raised: of("raised") };
}

/** Of all lines together; the error is that of the busiest one. */
function coverageOf(lines: readonly Line[]): ReturnType<Line["coverage"]> {
  const all = lines.map((line) => line.coverage());
  const count = all.reduce((sum, one) => sum + one.count, 0);
  const hits = all.reduce((sum, one) => sum + (one.part ?? 0) * one.count, 0);
  const [busiest] = all.toSorted((a, b) => b.count - a.count);
  const medianErrorMs = busiest?.medianErrorMs ?? null;
  return { part: count === 0 ? null : hits / count, count, medianErrorMs };
}

/** A user's parts of all lines together. */
function fairnessOf(lines: readonly Line[]): ReturnType<Line["fairness"]> {
  const all = lines.flatMap((line) => line.fairness());
  const byUser = Map.groupBy(all, ({ user }) => user);
  return Array.from(byUser, ([user, list]) => ({
    user,
    weight: Math.max(...list.map(({ weight }) => weight)),
    slotMs: list.reduce((sum, { slotMs }) => sum + slotMs, 0),
    waitsMs: list.flatMap(({ waitsMs }) => waitsMs),
    isBacklogged: list.some(({ isBacklogged }) => isBacklogged),
  }));
}
