import { shownText } from "./shown-text.ts";

/** Gives a label for a value; see `createBoundedLabels`. */
export type BoundedLabels = (value: string) => string;

/**
 * The first `most` values keep their names, all others are `other`: whoever sends a new model name with each
 * request must not fill the memory of everything that scrapes.
 */
export function createBoundedLabels(most: number): BoundedLabels {
  const known = new Map<string, string>();
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    if (known.size >= most) return "other";
    const shown = shownText(value);
    known.set(value, shown);
    return shown;
  };
}
