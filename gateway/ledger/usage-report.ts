import type Database from "better-sqlite3";
import { keptFrom, quarterMs, sumColumns } from "./rollups.ts";
import { createTimeZone, type TimeZone } from "./time-zone.ts";

export type UsageGroup = "day" | "hour" | "user" | "model" | "upstream" | "dialect" | "key";

/** What the lines of a report can be split by, in the names of the API. */
export const usageGroups: readonly UsageGroup[] = [
  "day",
  "hour",
  "user",
  "model",
  "upstream",
  "dialect",
  "key",
];

export type UsageQuery = {
  /** Epoch ms; rounded down to a quarter of an hour, and to a UTC day where quarters are gone. */
  readonly from: number;
  /** Epoch ms, not included; rounded up. */
  readonly to: number;
  readonly groups: readonly UsageGroup[];
  /** One user only; null for all. */
  readonly user: string | null;
  /** An IANA name: days and hours are those of this zone. */
  readonly timeZone: string;
  /** Epoch ms. */
  readonly now: number;
};

/** The sums of a line. Times in milliseconds. */
export type UsageSums = {
  requests: number;
  errors: number;
  cancelled: number;
  interrupted: number;
  input_tokens: number;
  output_tokens: number;
  /** Part of `input_tokens`. */
  cached_tokens: number;
  /** Part of `output_tokens`. */
  reasoning_tokens: number;
  /** Requests with an unknown input or output, which are missing in the sums of tokens. */
  unmetered: number;
  queue_ms: number;
  upstream_ms: number;
  duration_ms: number;
  /** US dollars; null where no request has a known cost. */
  cost: number | null;
  /** Requests with an unknown cost, which are missing in the sum of costs. */
  unpriced: number;
};

/** One line: the groups that were asked for, then the sums. */
export type UsageLine = UsageSums & Partial<Record<UsageGroup, string>>;

export type UsageSummary = {
  /** What the report covers, epoch ms. */
  readonly from: number;
  readonly to: number;
  /** Days before this time (epoch ms) are UTC days; null: all days are of the time zone. */
  readonly utcBefore: number | null;
  readonly lines: readonly UsageLine[];
  readonly total: UsageSums;
};

/** What a report refuses, with a text for the person who asked. */
export class UsageQueryError extends Error {}

/** The groups that a list names: `model,day`. @throws UsageQueryError for any other name */
export function readUsageGroups(list: string): UsageGroup[] {
  const names = list.split(",").flatMap((name) => name.trim() || []);
  const groups = usageGroups.filter((group) => names.includes(group));
  if (groups.length !== new Set(names).size) {
    throw new UsageQueryError(`group takes a list of ${usageGroups.join(", ")}`);
  }
  return [...new Set(names)].map((name) => name as UsageGroup);
}

const dayMs = 86_400_000;

/** The lines of one answer, at most. A query asks for one more, to see whether there are more. */
export const mostLines = 20_000;

/** A stretch of one table, in its own unit. */
export type Stretch =
  | { readonly table: "rollups"; readonly from: string; readonly to: string }
  | { readonly table: "quarters"; readonly from: number; readonly to: number };

/**
 * Adds up the sums of a time. Quarter hours give the days of every time zone; they are kept for 90
 * days. Older days are UTC days. Where nothing is split by time, whole UTC days are read as days,
 * so that a report reads a bounded number of pages however many generations there were.
 * @throws UsageQueryError if the report would be too long, or needs hours that are gone
 */
export function usageReport(db: Database.Database, query: UsageQuery): UsageSummary {
  const plan = planUsage(query);
  return summaryOf(plan, linesOf(db, plan, query));
}

/** What a report covers, and which stretches of which table it adds up. */
export type UsagePlan = Pick<UsageSummary, "from" | "to" | "utcBefore"> & {
  readonly stretches: readonly Stretch[];
  readonly zone: TimeZone;
};

/** Plans a report; nothing is read yet. @throws UsageQueryError if it needs hours that are gone */
export function planUsage(query: UsageQuery): UsagePlan {
  const { groups, timeZone } = query;
  const zone = createTimeZone(timeZone);
  const isTimed = groups.includes("day") || groups.includes("hour");
  const isUtc = !groups.includes("hour") && (!isTimed || timeZone === "UTC");
  const kept = keptFrom(query.now);
  if (groups.includes("hour") && query.from < kept) {
    const first = new Date(kept).toISOString();
    throw new UsageQueryError(`Hours are kept for 90 days: ask for a time from ${first} on.`);
  }
  const quarterFrom = Math.floor(query.from / quarterMs) * quarterMs;
  const from = query.from < kept ? Math.floor(query.from / dayMs) * dayMs : quarterFrom;
  const to = Math.max(from, roundedUp(query.to, query.to < kept ? dayMs : quarterMs));
  const utcBefore = isTimed && !isUtc && from < kept ? kept : null;
  return { from, to, utcBefore, stretches: stretchesOf(from, to, kept, isUtc), zone };
}

/** The report of these lines. @throws UsageQueryError if there are too many */
export function summaryOf(plan: UsagePlan, lines: readonly UsageLine[]): UsageSummary {
  if (lines.length > mostLines) {
    const text = `The report has more than ${mostLines} lines: ask for a shorter time or fewer groups.`;
    throw new UsageQueryError(text);
  }
  const { from, to, utcBefore } = plan;
  return { from, to, utcBefore, lines, total: totalOf(lines) };
}

const roundedUp = (time: number, unit: number): number => Math.ceil(time / unit) * unit;

function stretchesOf(from: number, to: number, kept: number, isUtc: boolean): Stretch[] {
  const days = (start: number, end: number): Stretch[] =>
    start < end ? [{ table: "rollups", from: dayText(start), to: dayText(end) }] : [];
  const quarters = (start: number, end: number): Stretch[] =>
    start < end ? [{ table: "quarters", from: start / quarterMs, to: end / quarterMs }] : [];
  if (!isUtc) return [...days(from, Math.min(to, kept)), ...quarters(Math.max(from, kept), to)];
  const first = Math.min(to, roundedUp(from, dayMs));
  const last = Math.max(first, Math.floor(to / dayMs) * dayMs);
  return [...quarters(from, first), ...days(first, last), ...quarters(last, to)];
}

const dayText = (time: number): string => new Date(time).toISOString().slice(0, 10);

function linesOf(
  db: Database.Database,
  { stretches, zone }: UsagePlan,
  { groups, user }: UsageQuery,
): UsageLine[] {
  if (stretches.length === 0) return [];
  db.function("local_day", { deterministic: true }, (quarter: unknown) =>
    zone.dayOf(Number(quarter)),
  );
  db.function("local_hour", { deterministic: true }, (quarter: unknown) =>
    zone.hourOf(Number(quarter)),
  );
  const parts = stretches.map(({ table }) => {
    const time = table === "rollups" ? "day" : "quarter";
    const selected = [
      ...groups.map((group) => `${expressionOf(group, table)} AS "${group}"`),
      ...sumColumns,
    ];
    const whose = user === null ? "" : " AND user = ?";
    return `SELECT ${selected.join(", ")} FROM ${table} WHERE ${time} >= ? AND ${time} < ?${whose}`;
  });
  const numbers = groups.map((_, index) => index + 1).join(", ");
  const order = groups.length === 0 ? "" : `GROUP BY ${numbers} ORDER BY ${numbers}`;
  const sql = `SELECT ${[...groups.map((group) => `"${group}"`), ...sumColumns.map(summedColumn)].join(", ")}
    FROM (${parts.join(" UNION ALL ")}) ${order} LIMIT ${mostLines + 1}`;
  const bound = stretches.flatMap(({ from, to }) => [from, to, ...(user === null ? [] : [user])]);
  return db.prepare<(string | number)[], UsageLine>(sql).all(...bound);
}

function expressionOf(group: UsageGroup, table: Stretch["table"]): string {
  if (group === "day") return table === "rollups" ? "day" : "local_day(quarter)";
  return group === "hour" ? "local_hour(quarter)" : group;
}

/** Of no line at all the sums are 0, and the cost is not known. */
export function summedColumn(column: keyof UsageSums): string {
  if (column !== "cost") return `coalesce(sum(${column}), 0) AS ${column}`;
  return "CASE WHEN sum(unpriced) < sum(requests) THEN sum(cost) / 1e9 END AS cost";
}

/** The sums of all lines. */
function totalOf(lines: readonly UsageSums[]): UsageSums {
  const total = { ...nothing };
  for (const line of lines) {
    for (const column of sumColumns) {
      if (column !== "cost") total[column] += line[column];
    }
    if (line.cost !== null) total.cost = (total.cost ?? 0) + line.cost;
  }
  return total;
}

const nothing: UsageSums = {
  requests: 0,
  errors: 0,
  cancelled: 0,
  interrupted: 0,
  input_tokens: 0,
  output_tokens: 0,
  cached_tokens: 0,
  reasoning_tokens: 0,
  unmetered: 0,
  queue_ms: 0,
  upstream_ms: 0,
  duration_ms: 0,
  cost: null,
  unpriced: 0,
};
