import type { z } from "zod";
import { text } from "./text-schemas.ts";

const units: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Node's timers take 32 bits of milliseconds; above it they fire at once. */
const longest = 24 * 86_400_000;

/** `10s`, `500ms`, `1.5h`; a bare number is seconds. Milliseconds, or undefined. */
export function parseDuration(written: string): number | undefined {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)?$/i.exec(written) ?? [];
  const factor = units[unit.toLowerCase()];
  if (number === undefined || factor === undefined) return undefined;
  return Math.round(Number(number) * factor);
}

/** A time of at least `fromMs` and at most 24 days, in milliseconds. */
export function duration(fromMs: number = 1): z.ZodType<number> {
  const range = fromMs === 0 ? "at most 24d" : "above 0 and at most 24d";
  return text(`must be a time such as 500ms, 10s, 5m or 1h, ${range}`, (written) => {
    const ms = parseDuration(written);
    return ms !== undefined && ms >= fromMs && ms <= longest ? ms : undefined;
  });
}
