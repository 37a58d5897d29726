/** Longer names are no names. Characters. */
const maxShown = 200;

/**
 * A client's own words, as they may stand in a log line or a label: without control characters, short, and
 * with whatever looks like a key taken out, since people paste keys into the wrong field.
 */
export function shownText(text: string): string {
  if (text.length <= maxShown && /^[\w ./:@+-]*$/.test(text) && !text.includes("sk-")) return text;
  return text
    .slice(0, maxShown)
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?")
    .replaceAll(/sk-[\w-]{8,}/g, "sk-***");
}
