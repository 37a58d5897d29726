import { resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { exportRows } from "../../ledger/upkeep/export-rows.ts";
import { openForCommand } from "../../ledger/upkeep/open-for-command.ts";
import { type Command, command } from "../frame/command.ts";
import { UsageError } from "../frame/usage-error.ts";
import { ledgerFileOf, ledgerFileOptions } from "./ledger-file-option.ts";

const dayMs = 86_400_000;

/** `ledger export`: every row, for a spreadsheet or another program. */
export const exported: Command = command({
  name: "ledger export",
  summary: "prints the rows, one for each request, as CSV or JSON lines",
  operands: [],
  options: {
    jsonl: { type: "boolean", about: "prints JSON lines instead of CSV" },
    since: { type: "string", value: "DATE", about: "this UTC day and all later ones: 2026-11-01" },
    until: { type: "string", value: "DATE", about: "this UTC day and all earlier ones" },
    user: { type: "string", value: "NAME", about: "only this user" },
    ...ledgerFileOptions,
  },
  notes: `The gateway may run meanwhile. Times are UTC; _ms are milliseconds; cost is in US dollars. What is
not known is empty, and null in JSON. Rows hold no prompts and no keys.`,
  async run({ values }, surroundings) {
    const { cwd, stdout } = surroundings;
    const from = dayFrom("--since", values.since) ?? 0;
    const to = (dayFrom("--until", values.until) ?? Date.UTC(9999, 0)) + dayMs;
    if (to <= from) throw new UsageError("--until must not be before --since");
    const user = values.user ?? null;
    const format = values.jsonl ? "jsonl" : "csv";
    using db = openForCommand(resolve(cwd, ledgerFileOf(values, surroundings)));
    const rows = Readable.from(exportRows(db.open, { from, to, user }, format));
    try {
      // Standard output is not ours to close.
      await pipeline(rows, stdout, { end: stdout !== process.stdout });
    } catch (error) {
      // `head` has seen enough.
      if (!(error instanceof Error && "code" in error && error.code === "EPIPE")) throw error;
    }
  },
});

function dayFrom(option: string, text: string | undefined): number | null {
  if (text === undefined) return null;
  const time = Date.parse(`${text}T00:00:00Z`);
  // Date.parse reads the 31st of February as a day in March.
  const isDay = !Number.isNaN(time) && new Date(time).toISOString().slice(0, 10) === text;
  if (isDay) return time;
  throw new UsageError(`${option} takes a day such as 2026-11-01`);
}
