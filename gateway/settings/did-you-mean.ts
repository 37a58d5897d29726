/** ` (did you mean X?)` for the name nearest to a mistyped one, or "" when none is near. */
export function didYouMean(wrong: string, names: readonly string[]): string {
  const most = Math.max(2, Math.floor(wrong.length / 3));
  const nearest = nearestTo(wrong.toLowerCase(), names, most);
  return nearest === null ? "" : ` (did you mean ${nearest}?)`;
}

/** The name to which `wrong` comes by the fewest changes of a letter, `most` at most. */
export function nearestTo(wrong: string, names: readonly string[], most: number): string | null {
  let nearest: string | null = null;
  let least = most + 1;
  for (const name of names) {
    const distance = distanceOf(wrong, name);
    if (distance < least) [least, nearest] = [distance, name];
  }
  return nearest;
}

/** Levenshtein's: insertions, deletions and replacements between two texts. */
function distanceOf(a: string, b: string): number {
  if (a.length > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
