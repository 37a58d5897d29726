/** Headers whose value is a secret, or holds one. */
const secret =
  /^(?:authorization|proxy[-_]authorization|cookie|set[-_]cookie|cf[-_]access[-_].*)$|key|token|secret|assertion/;

/** Headers as they may be kept: a secret is shown to be there, not what it is. */
export function maskedHeaders(
  headers: Readonly<Record<string, string | string[] | number | undefined>>,
): Record<string, string> {
  const masked: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined) continue;
    masked[name] = secret.test(name) && !name.startsWith("x-ratelimit") ? "***" : String(value);
  }
  return masked;
}
