/** Shorter keys are words (`EMPTY`, `none`) that local servers want to see, and no secrets. */
const shortest = 8;

/**
 * An upstream's error without the gateway's own key, which some servers quote. The key counts as a
 * whole word only: others could be part of what the error says. JSON text may be given as it is.
 */
export function withKeyMasked(text: string, key: string | null): string {
  if (key === null || key.length < shortest || !text.includes(key)) return text;
  const literal = key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  // An escape of JSON ends in a letter or a digit that belongs to no word.
  const before = String.raw`(?:(?<![\w-])|(?<=\\[bfnrt])|(?<=\\u[0-9a-fA-F]{4}))`;
  return text.replace(new RegExp(`${before}${literal}(?![\\w-])`, "g"), "***");
}
