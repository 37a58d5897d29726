import { parseArgs } from "node:util";
import { type DayTotals, readReport, sumOf } from "../ledger/report.ts";
import { loadSome } from "../settings/load-settings.ts";

const HELP = `usage: who used how much, for each UTC day and user

  usage [--days N | --since 2026-11-01] [--user NAME] [--json | --csv]

--days N            today and the N - 1 days before it (default: 30)
--since DATE        from this UTC day on
--user NAME         this user only
--json, --csv       for programs
--database-file F   another ledger than DATABASE_FILE (default: data/gateway.db)
--config F          another config file

It may run while the gateway does. Generations that still run are not counted yet.`;

const options = {
  days: { type: "string" },
  since: { type: "string" },
  user: { type: "string" },
  json: { type: "boolean" },
  csv: { type: "boolean" },
  "database-file": { type: "string" },
  config: { type: "string" },
  help: { type: "boolean" },
} as const;

/** Where the command runs and prints; the process itself unless a test says otherwise. */
export type UsagePlace = {
  env: Record<string, string | undefined>;
  cwd: string;
  now: () => number;
  out: (text: string) => void;
  say: (text: string) => void;
};

/**
 * `usage …`: prints totals for each day and user from the ledger.
 * @returns the exit status: 0, 1 when the ledger cannot be read, 2 when the command line is wrong
 */
export async function usage(argv: string[], place: Partial<UsagePlace> = {}): Promise<number> {
  const { env = process.env, cwd = process.cwd(), now = Date.now } = place;
  const { out = (text) => console.log(text), say = (text) => console.error(text) } = place;
  let status = 2;
  try {
    const { values } = parseArgs({ args: argv, options });
    if (values.help) {
      out(HELP);
      return 0;
    }
    if (values.json && values.csv) throw new Error("choose one of --json and --csv");
    const since = firstDay(values, now());
    status = 1;
    const config = values.config === undefined ? [] : ["--config", values.config];
    const file =
      values["database-file"] ??
      loadSome(["databaseFile"], { argv: config, env, cwd }).databaseFile;
    const lines = readReport(file, { since, user: values.user ?? null });
    if (values.json) out(JSON.stringify({ since, lines, total: sumOf(lines) }, null, 2));
    else if (values.csv) out(csv(lines));
    else out(table(lines, since));
    return 0;
  } catch (error) {
    say(`usage: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    return status;
  }
}

/** The first day of the report, as `2026-11-21`. Throws when the options cannot be meant. */
function firstDay(values: { days?: string; since?: string }, now: number): string {
  const { days = "30", since } = values;
  if (since === undefined) {
    if (!/^[1-9]\d{0,4}$/.test(days)) throw new Error("--days takes a number from 1 on");
    return dayOf(now - (Number(days) - 1) * 86_400_000);
  }
  if (values.days !== undefined) throw new Error("choose one of --days and --since");
  const time = Date.parse(`${since}T00:00:00Z`);
  // Date.parse takes the 31st of February for a day in March.
  if (Number.isNaN(time) || dayOf(time) !== since) {
    throw new Error("--since takes a day such as 2026-11-01");
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
  const rows = [
    ["day (UTC)", "user", ...shown.map((name) => (name === "cost" ? "cost (USD)" : name))],
    ...lines.map((line) => [line.day, line.user, ...shown.map((name) => cell(name, line[name]))]),
    ["total", "", ...shown.map((name) => cell(name, total[name]))],
  ];
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => width(row[at]))));
  const printed = rows.map((row) =>
    row
      .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  const rule = "-".repeat(Math.max(...printed.map((line) => line.length)));
  printed.splice(1, 0, rule);
  printed.splice(-1, 0, rule);
  if (total.unmetered > 0) {
    const of = `${grouped(total.unmetered)} of ${grouped(total.requests)} requests`;
    printed.push("", `The tokens of ${of} are unknown, so the sums lack them.`);
  }
  return printed.join("\n");
}

const width = (cell: string | undefined): number => cell?.length ?? 0;

/** Dollars to the hundredth of a cent: local models cost little. */
function cell(name: (typeof columns)[number], amount: number): string {
  if (name !== "cost") return grouped(amount);
  return amount.toLocaleString("en-US", { minimumFractionDigits: 4, maximumFractionDigits: 4 });
}

const grouped = (count: number): string => count.toLocaleString("en-US");
