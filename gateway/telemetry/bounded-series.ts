import { shownText } from "./shown-text.ts";

/** Gives what belongs to a value: its own, or that of `other`. */
export type BoundedSeries<Series> = (value: string) => Series;

/** What all values beyond the bound are called together. */
const otherLabel = "other";

/**
 * One `make(label)` for each value, made when it is first met. The first `most` values keep their
 * names, all others share `other`: whoever sends a new model name with each request must not fill
 * the memory of everything that scrapes.
 */
export function createBoundedSeries<Series>(
  make: (label: string) => Series,
  most = 100,
): BoundedSeries<Series> {
  const known = new Map<string, Series>();
  let other: Series | undefined;
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    if (known.size >= most) {
      other ??= make(otherLabel);
      return other;
    }
    const made = make(shownText(value));
    known.set(value, made);
    return made;
  };
}
