/** Longer names are no names. Characters. */
const maxShown = 200;

/** Most names there are; they need no second look unless a key may be in them. */
const plain = /^[\w ./:@+-]*$/;

const maybeKey = /sk-/i;

/**
 * A key, or what was meant as one: `sk-` where a word begins, or anywhere before 16 hex digits (so
 * that `task-list-v2` stays), also written with percent-escapes.
 */
const key =
  /(?<![a-z0-9])(?:s|%73)(?:k|%6b)(?:-|%2d)[\w%-]{8,}|(?:s|%73)(?:k|%6b)(?:-|%2d)[0-9a-f]{16,}/gi;

/** Whatever moves a terminal's cursor, ends a line, or turns the direction of the text. */
const control = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

/**
 * A client's own words, as they may stand in a log line or a label: without control characters, at
 * most `most` characters, and with whatever looks like a key taken out, since people paste keys
 * into the wrong field.
 */
export function shownText(text: string, most: number = maxShown): string {
  if (text.length <= most && plain.test(text) && !maybeKey.test(text)) return text;
  // A key is looked for before the cut, so that none is halved; a few more characters suffice.
  return text
    .slice(0, most + 64)
    .replaceAll(control, "?")
    .replaceAll(key, "sk-***")
    .slice(0, most)
    .toWellFormed();
}
