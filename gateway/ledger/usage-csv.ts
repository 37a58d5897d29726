import { csvCell } from "./csv-cell.ts";
import { sumColumns } from "./rollups.ts";
import type { UsageGroup, UsageLine } from "./usage-report.ts";

/** The lines as CSV with a head: the groups, then the sums. An unknown cost is empty. */
export function usageCsv(groups: readonly UsageGroup[], lines: readonly UsageLine[]): string {
  const columns = [...groups, ...sumColumns];
  const rows = lines.map((line) => columns.map((column) => csvCell(line[column] ?? null)));
  return [columns, ...rows].map((row) => row.join(",")).join("\n");
}
