const longest = 80;

/** How a value may be shown: on one line, not endless, and without what looks like a secret. */
export function shownValue(written: string, isSecret: boolean = false): string {
  if (isSecret) return written === "" ? "" : "***";
  // A key that went into the wrong setting is still a key.
  if (/\bsk-|^sha256:|\bbearer\b/i.test(written)) return "***";
  const masked = written.replace(/^([a-z]+:\/\/)?.*@/is, "$1***@").replace(/([?#]).+$/s, "$1***");
  const line = /^[^\p{C}\p{Zl}\p{Zp}]*$/u.test(masked) ? masked : JSON.stringify(masked);
  return line.length > longest ? `${line.slice(0, longest)}…` : line;
}
