import { type DayTotals, readReport, sumOf } from "../ledger/report.ts";
import { loadSome } from "../settings/load-settings.ts";
import { type Command, command } from "./frame/command.ts";
import { tableLines } from "./frame/table.ts";
import { UsageError } from "./frame/usage-error.ts";

/** `usage`: prints the totals for each day and user from the ledger. */
export const usage: Command = command({
  name: "usage",
  summary: "shows how much each user used on each day (UTC)",
  operands: [],
  options: {
    days: { type: "string", value: "N", about: "today and the N - 1 days before it (default: 30)" },
    since: { type: "string", value: "DATE", about: "this day and all later ones: 2026-11-01" },
    user: { type: "string", value: "NAME", about: "only this user" },
    json: { type: "boolean", about: "prints JSON" },
    csv: { type: "boolean", about: "prints CSV" },
    "database-file": { type: "string", value: "FILE", about: "instead of DATABASE_FILE" },
    config: { type: "string", value: "FILE", about: "another config file" },
  },
  notes: "The gateway may run meanwhile. A request is counted when it ends.",
  async run({ values }, { env, cwd, now, out }) {
    if (values.json && values.csv) throw new UsageError("choose one of --json and --csv");
    const since = firstDay(values, now());
    const argv = values.config === undefined ? [] : ["--config", values.config];
    const file =
      values["database-file"] ?? loadSome(["databaseFile"], { argv, env, cwd }).databaseFile;
    const lines = readReport(file, { since, user: values.user ?? null });
    if (values.json) out(JSON.stringify({ since, lines, total: sumOf(lines) }, null, 2));
    else if (values.csv) out(csv(lines));
    else out(table(lines, since));
  },
});

/**
 * The first day of the report, as `2026-11-21`.
 * @throws UsageError if the options contradict each other or are not a number or a day
 */
function firstDay(values: { days?: string; since?: string }, now: number): string {
  const { days = "30", since } = values;
  if (since === undefined) {
    if (!/^[1-9]\d{0,4}$/.test(days)) throw new UsageError("--days takes a number from 1 on");
    return dayOf(now - (Number(days) - 1) * 86_400_000);
  }
  if (values.days !== undefined) throw new UsageError("choose one of --days and --since");
  const time = Date.parse(`${since}T00:00:00Z`);
  // Date.parse reads the 31st of February as a day in March.
  if (Number.isNaN(time) || dayOf(time) !== since) {
    throw new UsageError("--since takes a day such as 2026-11-01");
  }
  return since;
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

const columns = [
  "requests",
  "input",
  "output",
  "cached",
  "reasoning",
  "errors",
  "cancelled",
  "interrupted",
  "unmetered",
  "cost",
] as const;

function csv(lines: readonly DayTotals[]): string {
  const rows = lines.map((line) => [line.day, line.user, ...columns.map((name) => line[name])]);
  return [["day", "user", ...columns], ...rows].map((row) => row.map(quoted).join(",")).join("\n");
}

function quoted(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function table(lines: readonly DayTotals[], since: string): string {
  if (lines.length === 0) return `Nothing was used since ${since} (UTC).`;
  const total = sumOf(lines);
  const isPriced = lines.some(({ cost }) => cost > 0);
  const shown = columns.filter((name) => name !== "unmetered" && (isPriced || name !== "cost"));
  const printed = tableLines(
    [
      ["day (UTC)", "user", ...shown.map((name) => (name === "cost" ? "cost (USD)" : name))],
      ...lines.map((line) => [line.day, line.user, ...shown.map((name) => cell(name, line[name]))]),
      ["total", "", ...shown.map((name) => cell(name, total[name]))],
    ],
    (column) => column > 1,
  );
  const rule = "-".repeat(Math.max(...printed.map((line) => line.length)));
  printed.splice(1, 0, rule);
  printed.splice(-1, 0, rule);
  if (total.unmetered > 0) {
    const of = `${grouped(total.unmetered)} of ${grouped(total.requests)} requests`;
    printed.push("", `The tokens of ${of} are unknown, so they are not in these sums.`);
  }
  return printed.join("\n");
}

/** Dollars to the hundredth of a cent: local models cost little. */
function cell(name: (typeof columns)[number], amount: number): string {
  if (name !== "cost") return grouped(amount);
  return amount.toLocaleString("en-US", { minimumFractionDigits: 4, maximumFractionDigits: 4 });
}

const grouped = (count: number): string => count.toLocaleString("en-US");
