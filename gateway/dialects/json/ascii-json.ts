/** DEL and everything beyond ASCII, line separators of other alphabets among it. */
const beyondAscii = /[\u007f-\uffff]/g;

/**
 * JSON text in ASCII only. It is the same bytes in latin1 and UTF-8, and no client takes a part of
 * it for the end of a line (Python's `splitlines` also splits at U+0085, U+2028 and U+2029).
 */
export function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    beyondAscii,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
