import { parseDuration } from "./duration.ts";
import type { Metric, Mode } from "./limit.ts";

/** One limit of a layer; what is null comes from the layer's own `window` and `mode`. */
export type LimitField = {
  /** Null: none, whatever the layers below say. */
  readonly max: number | null;
  readonly windowMs: number | null;
  readonly mode: Mode | null;
};

/** One layer of limits: the defaults, a role's, or a user's. */
export type LimitFields = {
  readonly windowMs: number | null;
  readonly mode: Mode | null;
  readonly fields: ReadonlyMap<FieldName, LimitField>;
};

export type FieldName =
  | "requests"
  | "tokens"
  | "upstream_seconds"
  | "cost"
  | "tokens_per_day"
  | "tokens_per_month"
  | "cost_per_day"
  | "cost_per_month";

type FieldKind = {
  readonly metric: Metric;
  readonly unit: number;
  readonly windowMs: number | null;
};

const day = 86_400_000;

/** What a field counts, in units of how much, and over which window where that is fixed. */
export const fieldMetrics: Readonly<Record<FieldName, FieldKind>> = {
  requests: { metric: "requests", unit: 1, windowMs: null },
  tokens: { metric: "tokens", unit: 1, windowMs: null },
  upstream_seconds: { metric: "upstream", unit: 1_000, windowMs: null },
  cost: { metric: "cost", unit: 1, windowMs: null },
  tokens_per_day: { metric: "tokens", unit: 1, windowMs: day },
  tokens_per_month: { metric: "tokens", unit: 1, windowMs: 30 * day },
  cost_per_day: { metric: "cost", unit: 1, windowMs: day },
  cost_per_month: { metric: "cost", unit: 1, windowMs: 30 * day },
};

export const noFields: LimitFields = { windowMs: null, mode: null, fields: new Map() };

/**
 * Reads a layer: `{"window": "6h", "mode": "slow", "tokens": 1000, "upstream_seconds": {"max":
 * 1800, "window": "12h"}, "tokens_per_day": null, "cost_per_month": 20}`, costs in US dollars. What
 * is wrong is told to `fault`, by its name and never by its value, and left out; the rest counts.
 */
export function readLimitFields(
  object: Readonly<Record<string, unknown>>,
  fault: (what: string) => void,
): LimitFields {
  const fields = new Map<FieldName, LimitField>();
  for (const [name, value] of Object.entries(object)) {
    if (name === "window" || name === "mode") continue;
    if (!isFieldName(name)) fault(unknown(name));
    else {
      const field = fieldOf(value, fieldMetrics[name].unit);
      const fixed = fieldMetrics[name].windowMs !== null && field?.windowMs !== null;
      if (field === null || fixed)
        fault(`"${name}" must be a number, null, or {max, window, mode}`);
      else fields.set(name, field);
    }
  }
  return {
    windowMs: optional(object.window, windowOf, () => fault('"window" must be like "60m" or "6h"')),
    mode: optional(object.mode, modeOf, () => fault('"mode" must be "refuse" or "slow"')),
    fields,
  };
}

/** A name that may be anything else, such as a key in the wrong place, is not repeated. */
function unknown(name: string): string {
  const what = /^[a-z_]{1,32}$/i.test(name) ? `"${name}" is no limit` : "a field is no limit";
  return `${what}; there are ${Object.keys(fieldMetrics).join(", ")}, window and mode`;
}

function isFieldName(name: string): name is FieldName {
  return Object.hasOwn(fieldMetrics, name);
}

function fieldOf(value: unknown, unit: number): LimitField | null {
  if (value === null) return { max: null, windowMs: null, mode: null };
  if (typeof value === "number") {
    return isMax(value) ? { max: value * unit, windowMs: null, mode: null } : null;
  }
  if (typeof value !== "object" || value === undefined || !("max" in value)) return null;
  const { max, window, mode } = value as Record<string, unknown>;
  if (!isMax(max)) return null;
  let wrong = false;
  const spoilt = (): void => {
    wrong = true;
  };
  const windowMs = optional(window, windowOf, spoilt);
  const field = { max: max * unit, windowMs, mode: optional(mode, modeOf, spoilt) };
  return wrong ? null : field;
}

function isMax(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1e15;
}

function windowOf(value: unknown): number | null {
  const ms = typeof value === "string" ? parseDuration(value) : null;
  return ms !== null && ms >= 1_000 && ms <= 31 * day ? ms : null;
}

function modeOf(value: unknown): Mode | null {
  return value === "refuse" || value === "slow" ? value : null;
}

function optional<T>(
  value: unknown,
  read: (value: unknown) => T | null,
  fault: () => void,
): T | null {
  if (value === undefined || value === null) return null;
  const found = read(value);
  if (found === null) fault();
  return found;
}
