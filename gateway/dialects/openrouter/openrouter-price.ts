/** US dollars per token. `cached`: null is as `input`. */
export type TokenPrice = Readonly<{ input: number; cached: number | null; output: number }>;

/**
 * A number as a plain decimal. OpenRouter's clients read prices by hand, and many take `8e-7` for
 * eight dollars.
 */
export function plainDecimal(value: number): string {
  const text = String(value);
  const [digits = "", exponent] = text.split("e");
  if (exponent === undefined) return text;
  const sign = digits.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = digits.slice(sign.length).split(".");
  const all = whole + fraction;
  const point = whole.length + Number(exponent);
  if (point >= all.length) return sign + all.padEnd(point, "0");
  return `${sign}0.${"0".repeat(-point)}${all}`;
}

/** OpenRouter's `pricing`: strings, in US dollars per token (and per request). */
export function openRouterPricing(price: TokenPrice): Record<string, string> {
  return {
    prompt: plainDecimal(price.input),
    completion: plainDecimal(price.output),
    request: "0",
    image: "0",
    web_search: "0",
    internal_reasoning: "0",
    input_cache_read: plainDecimal(price.cached ?? price.input),
  };
}
