/** A number in JSON that JavaScript's numbers cannot hold. `JSON.stringify` writes its own text. */
type RawNumber = { readonly rawJSON: string };

declare global {
  interface JSON {
    rawJSON(text: string): RawNumber;
    isRawJSON(value: unknown): value is RawNumber;
  }
}

/** What a text without such a number lacks: many digits in a row, or an exponent. */
const suspicious = /\d[\d.]{15}|\d[eE][+-]?\d/;

/** Digits that every JavaScript number keeps. */
const safeDigits = 15;

/** False for a text without a number that JavaScript would change; true for one that may have some. */
export function isSuspicious(text: string): boolean {
  return suspicious.test(text);
}

function isExact(source: string, value: number): boolean {
  if (!Number.isFinite(value)) return false;
  if (/^-?\d+$/.test(source)) return Number.isSafeInteger(value);
  const digits = source.replace(/[eE].*/, "").replace(/[-.]/g, "");
  return digits.replace(/^0+/, "").length <= safeDigits || String(value) === source;
}

/**
 * The value of a JSON text, as JSON.parse gives it, but for numbers that it would change (an id of
 * 19 digits): those stay texts that `JSON.stringify` writes as they came. Throws SyntaxError.
 */
export function parseExact(text: string): unknown {
  if (!suspicious.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined) return value;
    return isExact(source, value) ? value : JSON.rawJSON(source);
  });
}

/** The number nearest to one that was kept as text; any other value as it is. */
export function plainNumber(value: unknown): unknown {
  return JSON.isRawJSON(value) ? Number(value.rawJSON) : value;
}
