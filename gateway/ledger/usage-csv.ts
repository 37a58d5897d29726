import { sumColumns } from "./rollups.ts";
import type { UsageGroup, UsageLine } from "./usage-report.ts";

/** The lines as CSV with a head: the groups, then the sums. An unknown cost is empty. */
export function usageCsv(groups: readonly UsageGroup[], lines: readonly UsageLine[]): string {
  const columns = [...groups, ...sumColumns];
  const rows = lines.map((line) => columns.map((column) => quoted(line[column] ?? "")));
  return [columns, ...rows].map((row) => row.join(",")).join("\n");
}

/** A text that a spreadsheet would take for a formula gets an apostrophe: clients name models. */
function quoted(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
