const secretName = /^(key|auth)$|(api_?key|secret|token|password|authorization)$/i;

/**
 * A section, or what became of it, with `***` for its secrets, `${NAME}` and passthrough excepted.
 */
export function maskSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskSecrets);
  if (typeof value !== "object" || value === null) return value;
  // What a file of one's own is told may be anything.
  const isForeign =
    "name" in value && /^\.{0,2}\/|\.[cm]?[jt]s$/.test(String(value.name)) && !("url" in value);
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => {
      if (isForeign && name !== "name") return [name, maskAll(inner)];
      return [name, secretName.test(name) ? maskOne(inner) : maskSecrets(inner)];
    }),
  );
}

/** The same for JSON; what is none is hidden. */
export function maskedText(text: string): string {
  if (!/^[[{]/.test(text)) return text;
  try {
    return JSON.stringify(maskSecrets(JSON.parse(text)));
  } catch {
    return "***";
  }
}

function maskOne(value: unknown): unknown {
  if (value === null || typeof value === "object") return maskAll(value);
  const isNamed = /^(\$\{\w+\}|passthrough|none|required)$/.test(String(value));
  return isNamed ? value : "***";
}

function maskAll(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(maskAll);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, maskAll(inner)]));
  }
  return typeof value === "string" ? "***" : value;
}
