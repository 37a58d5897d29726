import { gatewayNow } from "../gateway/call.js";
import { language } from "../language.js";

/** @import { UsageReport, UsageRow } from "../gateway/answers.ts" */
/** @import { Series } from "../pieces/bars.js" */
/** @typedef {"tokens" | "minutes" | "requests" | "cost"} Metric `minutes`: of upstream time */

export const metrics = /** @type {Metric[]} */ (["tokens", "minutes", "requests", "cost"]);

/** @param {Metric} metric @param {UsageRow} row @returns {number | null} null where it is not told */
export function amountOf(metric, row) {
  if (metric === "requests") return row.requests;
  if (metric === "cost") return row.cost;
  if (metric === "minutes") return row.upstream_ms === null ? null : row.upstream_ms / 60_000;
  if (row.input_tokens === null && row.output_tokens === null) return null;
  return (row.input_tokens ?? 0) + (row.output_tokens ?? 0);
}

/** The last days up to and with today, in the time zone of this device. @param {number} days */
export function lastDays(days) {
  const tz = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return { from: dayAgo(days - 1, tz), to: dayAgo(-1, tz), tz };
}

/** `2026-11-28` @param {number} days @param {string} tz */
function dayAgo(days, tz) {
  const [year = 0, month = 1, day = 1] = new Intl.DateTimeFormat("en-CA", {
    timeZone: tz,
    dateStyle: "short",
  })
    .format(gatewayNow())
    .split("-")
    .map(Number);
  // Noon in UTC: no change to summer time moves it to another day.
  return new Date(Date.UTC(year, month - 1, day - days, 12)).toISOString().slice(0, 10);
}

/**
 * A series for each model, largest first, six at most: the rest is one together.
 * @param {UsageReport} usage @param {number} days @param {Metric} metric
 * @returns {{ labels: string[], series: Series[] }}
 */
export function byDay(usage, days, metric) {
  const tz = usage.tz;
  const dates = Array.from({ length: days }, (_, at) => dayAgo(days - 1 - at, tz));
  /** @type {Map<string, Map<string, number>>} */
  const models = new Map();
  for (const row of usage.data) {
    const name = row.model ?? "–";
    const day = (row.day ?? "").slice(0, 10);
    const of = models.get(name) ?? new Map();
    of.set(day, (of.get(day) ?? 0) + (amountOf(metric, row) ?? 0));
    models.set(name, of);
  }
  const sum = (/** @type {Map<string, number>} */ of) =>
    [...of.values()].reduce((a, b) => a + b, 0);
  const ordered = [...models].sort((a, b) => sum(b[1]) - sum(a[1]));
  const shown = ordered.slice(0, ordered.length > 6 ? 5 : 6);
  const rest = ordered.slice(shown.length);
  const series = shown.map(([name, of]) => ({
    name,
    values: dates.map((day) => of.get(day) ?? 0),
  }));
  if (rest.length > 0) {
    const values = dates.map((day) => rest.reduce((all, [, of]) => all + (of.get(day) ?? 0), 0));
    series.push({ name: `+${rest.length}`, values });
  }
  const format = new Intl.DateTimeFormat(language.value, {
    day: "numeric",
    month: "short",
    timeZone: "UTC",
  });
  return { labels: dates.map((day) => format.format(Date.parse(`${day}T12:00:00Z`))), series };
}
