/** The longest shown name. Characters. */
const maxShown = 200;

/** Most names match this. They need another check only if they could hold a key. */
const plain = /^[\w ./:@+-]*$/;

const maybeKey = /sk-/i;

/**
 * Text that looks like a key: `sk-` at the start of a word, or anywhere before 16 hex digits (so
 * that `task-list-v2` stays), also with percent-escapes.
 */
const key =
  /(?<![a-z0-9])(?:s|%73)(?:k|%6b)(?:-|%2d)[\w%-]{8,}|(?:s|%73)(?:k|%6b)(?:-|%2d)[0-9a-f]{16,}/gi;

/** Characters that move a terminal's cursor, end a line, or change the direction of the text. */
const control = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * Makes a client's text safe for a log line or a label: without control characters, at most `most`
 * characters, and without anything that looks like a key, because people paste keys into the wrong
 * field.
 */
export function shownText(text: string, most: number = maxShown): string {
  if (text.length <= most && plain.test(text) && !maybeKey.test(text)) return text;
  // Keys are removed before the cut, so that no half of a key remains. A few more characters
  // suffice.
  return text
    .slice(0, most + 64)
    .replaceAll(control, "?")
    .replaceAll(key, "sk-***")
    .slice(0, most)
    .toWellFormed();
}

/** Faults told by other rooms and by the system may be longer than a name. Characters. */
const longestFault = 500;

/** The same for a fault, or for anything else that is told in a line of the log; null stays. */
export const told = (text: string | null): string | null =>
  text === null ? null : shownText(text, longestFault);
