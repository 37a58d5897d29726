/** ` (did you mean X?)` for the name nearest to a mistyped one, or "" when none is near. */
export function didYouMean(wrong: string, names: readonly string[]): string {
  const most = mostWrong(wrong);
  const nearest = nearestTo(wrong.toLowerCase(), names, most);
  return nearest === null ? "" : ` (did you mean ${nearest}?)`;
}

/**
 * How many letters of a name may be wrong: a third of them without its dashes, one at least. Two
 * wrong letters of four would make `--nope` mean `--type`.
 */
function mostWrong(name: string): number {
  return Math.max(1, Math.floor(name.replace(/^-+/, "").length / 3));
}

/**
 * The name that is nearest to `wrong`, by at most `most` changes of a letter. Two neighbours that
 * changed places are one change.
 */
export function nearestTo(wrong: string, names: readonly string[], most: number): string | null {
  let nearest: string | null = null;
  let least = most + 1;
  for (const name of names) {
    const distance = distanceOf(wrong, name);
    if (distance < least) [least, nearest] = [distance, name];
  }
  return nearest;
}

/** Insertions, deletions, replacements and swaps of neighbours between two texts. */
function distanceOf(a: string, b: string): number {
  if (a.length > 64) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(replaced, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length] ?? 0;
}
