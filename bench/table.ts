import type { Row } from "./measure.ts";

const head = [
  "32 at once",
  "JSON: CPU µs/exchange",
  "requests/s",
  "SSE: CPU µs/chunk",
  "chunks/s",
  "added median, 1 at a time",
  "start",
  "at rest",
];

const begin = "<!-- bench:begin -->";
const end = "<!-- bench:end -->";

/** The measured rows as a Markdown table, in the order they were measured. */
export function tableOf(rows: readonly Row[], machine: string): string {
  const lines = rows.map((row) => [
    row.errors === 0 ? row.name : `${row.name} (${row.errors} errors)`,
    shown(row.jsonCpuUs, 0),
    shown(row.requestsPerSecond, 0),
    shown(row.chunkCpuUs, 1),
    shown(row.chunksPerSecond, 0),
    shown(row.addedUs, 0, " µs"),
    shown(row.startMs, 0, " ms"),
    shown(row.restMb, 0, " MB"),
  ]);
  const markdown = [head, head.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`);
  return `${markdown.join("\n")}\n\n${machine}`;
}

/** A number with a thin group of thousands, or a dash. */
function shown(value: number | null, digits: number, unit = ""): string {
  if (value === null) return "–";
  return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, " ") + unit;
}

/** `document` with the table between its two markers. Throws where it lacks them. */
export function withTable(document: string, table: string): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`no ${begin} … ${end} to put the table between`);
  return `${document.slice(0, from + begin.length)}\n\n${table}\n\n${document.slice(to)}`;
}
