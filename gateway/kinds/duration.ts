import { type ValueKind, WrongValue } from "./kind.ts";

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  "": 1_000,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Timers beyond 2^31-1 ms fire at once. */
const longestTimerMs = 24 * 86_400_000;

/**
 * A time such as `500ms`, `10s`, `1.5m`, `6h` or `30d`; a bare number is seconds. Gives whole
 * milliseconds between two bounds, both included.
 * @param leastMs 1 is "above 0"
 */
export function duration(leastMs: number, mostMs: number = longestTimerMs): ValueKind<number> {
  const most = `at most ${written(mostMs)}`;
  const bounds =
    leastMs === 0
      ? most
      : leastMs === 1
        ? `above 0 and ${most}`
        : `at least ${written(leastMs)} and ${most}`;
  return {
    read(text) {
      const [, amount, unit = ""] = /^(\d{1,15}(?:\.\d{1,9})?) ?(ms|s|m|h|d|)$/i.exec(text) ?? [];
      const value = Math.round(Number(amount) * (unitMs[unit.toLowerCase()] ?? Number.NaN));
      if (value >= leastMs && value <= mostMs) return value;
      throw new WrongValue(`must be a time with ms, s, m, h or d, ${bounds}`);
    },
    schema: {
      anyOf: [
        { type: "number", minimum: 0 },
        { type: "string", pattern: "^[0-9]+(\\.[0-9]+)? ?([mM]?[sS]|[mMhHdD])?$" },
      ],
    },
  };
}

function written(ms: number): string {
  const unit = ["d", "h", "m", "s"].find((one) => ms % (unitMs[one] ?? 1) === 0) ?? "ms";
  return `${ms / (unitMs[unit] ?? 1)}${unit}`;
}
