import { shownText } from "./shown-text.ts";

/** Returns the series of a value: its own, or that of `other`. */
export type BoundedSeries<Series> = (value: string) => Series;

/** The name for all values above the bound. */
const otherLabel = "other";

/**
 * Calls `make(label)` once for each new value. The first `most` values keep their names, and all
 * others share `other`: a client that sends a new model name with each request must not fill the
 * memory of gateway and Prometheus.
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
