/** A value that fits into a line, without what may be a secret in the wrong place. */
export function shown(text: string): string {
  const line = JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text).slice(1, -1);
  return line
    .replace(/\/\/.*@/g, "//***@")
    .replace(/[?#].*/, (rest) => `${rest[0]}***`)
    .replace(/\b(sk-|bearer\b).*/i, "$1***");
}
