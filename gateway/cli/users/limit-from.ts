import { UsageError } from "../frame/usage-error.ts";

const sizes: Readonly<Record<string, number>> = { "": 1, k: 1_000, m: 1_000_000 };

/** The fields that have a name of their own for a day and a month. */
const perPeriod = new Set(["tokens", "cost"]);
const windows: Readonly<Record<string, string>> = { day: "24h", month: "30d" };

/**
 * Reads `100k/day` as the limit of a field: `{tokens_per_day: 100000}`; `5k/10m` as
 * `{tokens: {max: 5000, window: "10m"}}`; `off` as no limit.
 * @throws UsageError with the right forms
 */
export function limitFrom(field: string, text: string): Record<string, unknown> {
  const [, amount = "", size = "", window = ""] =
    /^(\d+(?:\.\d+)?|off)([km]?)(?:\/(day|month|\d+[smhd]))?$/i.exec(text.trim()) ?? [];
  if (amount === "") {
    throw new UsageError("a limit is a number, such as 100, 100k/day, 2M/month, 5k/10m, or off");
  }
  const max =
    amount.toLowerCase() === "off" ? null : Number(amount) * (sizes[size.toLowerCase()] ?? 1);
  if (window === "") return { [field]: max };
  if (windows[window] !== undefined && perPeriod.has(field)) {
    return { [`${field}_per_${window}`]: max };
  }
  return { [field]: max === null ? null : { max, window: windows[window] ?? window } };
}
