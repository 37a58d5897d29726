import { stretches } from "./stretches.ts";

/**
 * Counts the tokens of texts. Texts up to `most` characters are counted completely. Of longer texts
 * samples from all parts are counted, and the rest is assumed to be like them. So neither length
 * nor order makes the count slow.
 */
export function countTexts(
  texts: readonly string[],
  most: number,
  tokensIn: (text: string) => number,
): number {
  const all = texts.reduce((sum, text) => sum + text.length, 0);
  const every = Math.max(1, Math.ceil(all / most));
  let index = 0;
  let read = 0;
  let tokens = 0;
  for (const text of texts) {
    for (const stretch of stretches(text)) {
      if (index++ % every !== 0) continue;
      read += stretch.length;
      tokens += tokensIn(stretch);
    }
  }
  return read === 0 ? 0 : Math.ceil((tokens * all) / read);
}
