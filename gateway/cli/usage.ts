import { readReport } from "../ledger/report.ts";
import { quarterMs } from "../ledger/rollups.ts";
import { createTimeZone } from "../ledger/time-zone.ts";
import { usageCsv } from "../ledger/usage-csv.ts";
import {
  readUsageGroups,
  type UsageGroup,
  type UsageQuery,
  UsageQueryError,
  type UsageSummary,
  type UsageSums,
} from "../ledger/usage-report.ts";
import { loadSome } from "../settings/load-settings.ts";
import { type Command, command } from "./frame/command.ts";
import { tableLines } from "./frame/table.ts";
import { UsageError } from "./frame/usage-error.ts";

/** `usage`: prints what was used, from the ledger. */
export const usage: Command = command({
  name: "usage",
  summary: "shows how much each user used on each day",
  operands: [],
  options: {
    days: { type: "string", value: "N", about: "today and the N - 1 days before it (default: 30)" },
    since: { type: "string", value: "DATE", about: "this day and all later ones: 2026-11-01" },
    user: { type: "string", value: "NAME", about: "only this user" },
    group: {
      type: "string",
      value: "LIST",
      default: "day,user",
      about: "one line for each of: day, hour, user, model, upstream, dialect, key",
    },
    tz: {
      type: "string",
      value: "ZONE",
      default: "UTC",
      about: "the time zone of the days: Europe/Berlin",
    },
    json: { type: "boolean", about: "prints JSON" },
    csv: { type: "boolean", about: "prints CSV" },
    "database-file": {
      type: "string",
      value: "FILE",
      about: "instead of DATABASE_FILE and DATABASE_URL",
    },
    config: { type: "string", value: "FILE", about: "another config file" },
  },
  notes:
    "The gateway may run meanwhile. A request is counted when it ends, under the time when it began.",
  async run({ values }, { env, cwd, now, out }) {
    if (values.json && values.csv) throw new UsageError("choose one of --json and --csv");
    const { query, since } = await queryFrom(values, now());
    const argv = values.config === undefined ? [] : ["--config", values.config];
    const where = loadSome(["databaseFile", "databaseUrl"], { argv, env, cwd });
    const given = values["database-file"];
    const report = await asked(() =>
      given === undefined && where.databaseUrl !== null
        ? readRemote(where.databaseUrl, query)
        : readReport(given ?? where.databaseFile, query),
    );
    const { lines, total } = report;
    if (values.json) out(JSON.stringify({ since, tz: values.tz, lines, total }, null, 2));
    else if (values.csv) out(usageCsv(query.groups, lines));
    else out(table(report, query, since));
  },
});

/** Loaded only where the ledger is in PostgreSQL. */
async function readRemote(url: string, query: UsageQuery): Promise<UsageSummary> {
  const { readPostgresReport } = await import("../ledger/postgres/inspect-postgres.ts");
  return await readPostgresReport(url, query);
}

type Given = { days?: string; since?: string; user?: string; group: string; tz: string };

async function queryFrom(
  values: Given,
  now: number,
): Promise<{ query: UsageQuery; since: string }> {
  const zone = zoneFrom(values.tz);
  const since = firstDay(values, zone.dayOf(Math.floor(now / quarterMs)));
  const query = {
    from: zone.startOf(since) * quarterMs,
    // Another clock may be ahead of this one: a request of the next hours counts as well.
    to: now + 86_400_000,
    groups: await asked(() => readUsageGroups(values.group)),
    user: values.user ?? null,
    timeZone: values.tz,
    now,
  };
  return { query, since };
}

/** A report that cannot be made is a wrong option. */
async function asked<T>(make: () => T | Promise<T>): Promise<T> {
  try {
    return await make();
  } catch (error) {
    throw error instanceof UsageQueryError ? new UsageError(error.message) : error;
  }
}

function zoneFrom(name: string): ReturnType<typeof createTimeZone> {
  try {
    return createTimeZone(name);
  } catch {
    throw new UsageError("--tz takes a time zone such as Europe/Berlin or UTC");
  }
}

/**
 * The first day of the report, as `2026-11-21`.
 * @throws UsageError if the options contradict each other or are not a number or a day
 */
function firstDay(values: { days?: string; since?: string }, today: string): string {
  const { days = "30", since } = values;
  if (since === undefined) {
    if (!/^[1-9]\d{0,4}$/.test(days)) throw new UsageError("--days takes a number from 1 on");
    return dayText(Date.parse(today) - (Number(days) - 1) * 86_400_000);
  }
  if (values.days !== undefined) throw new UsageError("choose one of --days and --since");
  const time = Date.parse(`${since}T00:00:00Z`);
  // Date.parse reads the 31st of February as a day in March.
  if (Number.isNaN(time) || dayText(time) !== since) {
    throw new UsageError("--since takes a day such as 2026-11-01");
  }
  return since;
}

const dayText = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** The columns of the table, and their titles. */
const titles: readonly (readonly [keyof UsageSums, string])[] = [
  ["requests", "requests"],
  ["input_tokens", "input"],
  ["output_tokens", "output"],
  ["cached_tokens", "cached"],
  ["reasoning_tokens", "reasoning"],
  ["errors", "errors"],
  ["cancelled", "cancelled"],
  ["interrupted", "interrupted"],
];

function table(report: UsageSummary, { groups, timeZone }: UsageQuery, since: string): string {
  const { lines, total, utcBefore } = report;
  if (lines.length === 0) return `Nothing was used since ${since} (${timeZone}).`;
  const isPriced = (total.cost ?? 0) > 0;
  const shown = isPriced ? [...titles, ["cost", "cost (USD)"] as const] : titles;
  const numbers = (sums: UsageSums): string[] => shown.map(([name]) => cell(name, sums[name]));
  const head = groups.map((group) => titleOf(group, timeZone));
  const printed = tableLines(
    [
      [...head, ...shown.map(([, title]) => title)],
      ...lines.map((line) => [...groups.map((group) => line[group] || "-"), ...numbers(line)]),
      [...groups.map((_, index) => (index === 0 ? "total" : "")), ...numbers(total)],
    ],
    (column) => column >= groups.length,
  );
  const rule = "-".repeat(Math.max(...printed.map((line) => line.length)));
  printed.splice(1, 0, rule);
  printed.splice(-1, 0, rule);
  if (total.unmetered > 0) {
    const of = `${grouped(total.unmetered)} of ${grouped(total.requests)} requests`;
    printed.push("", `The tokens of ${of} are unknown, so they are not in these sums.`);
  }
  if (utcBefore !== null) {
    const first = new Date(utcBefore).toISOString().slice(0, 10);
    printed.push("", `Days before ${first} are UTC days: hours are kept for 90 days.`);
  }
  return printed.join("\n");
}

const titleOf = (group: UsageGroup, timeZone: string): string =>
  group === "day" ? `day (${timeZone})` : group;

/** Dollars to the hundredth of a cent: local models cost little. */
function cell(name: keyof UsageSums, amount: number | null): string {
  if (amount === null) return "?";
  if (name !== "cost") return grouped(amount);
  return amount.toLocaleString("en-US", { minimumFractionDigits: 4, maximumFractionDigits: 4 });
}

const grouped = (count: number): string => count.toLocaleString("en-US");
