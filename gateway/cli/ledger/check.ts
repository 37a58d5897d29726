import { resolve } from "node:path";
import { inspectDatabase } from "../../ledger/inspect-database.ts";
import { openForCommand } from "../../ledger/upkeep/open-for-command.ts";
import { compareSums, dayOf, repairSums, type SumsFound } from "../../ledger/upkeep/wrong-sums.ts";
import { type Command, command } from "../frame/command.ts";
import { ledgerFileOf, ledgerFileOptions } from "./ledger-file-option.ts";

/** Days that are named, at most. */
const mostDays = 20;

/** `ledger check`: whether the file is whole, and whether its sums are those of its rows. */
export const check: Command = command({
  name: "ledger check",
  summary: "reads the whole ledger: is its file whole, and are its sums those of its rows?",
  operands: [],
  options: {
    repair: { type: "boolean", about: "makes wrong sums anew from the rows" },
    json: { type: "boolean", about: "prints JSON" },
    ...ledgerFileOptions,
  },
  async run({ values }, surroundings) {
    const { out, cwd } = surroundings;
    const file = resolve(cwd, ledgerFileOf(values, surroundings));
    const isRepaired = values.repair === true;
    // Before anything is read or changed: of a damaged file nothing can be said.
    using db = openForCommand(file, isRepaired);
    const whole = inspectDatabase(file, "full");
    if (whole.state !== "whole") {
      if (values.json) out(JSON.stringify({ ok: false, file, ...whole }));
      else {
        out(`FAIL  file  ${whole.reason}`);
        out("            -> Stop the gateway and restore the last backup: restore FILE");
      }
      return 1;
    }
    const found = (isRepaired ? repairSums : compareSums)(db.open);
    const ok = found.faults.length === 0 || isRepaired;
    if (values.json) out(JSON.stringify({ ok, file, ...shown(found), repaired: isRepaired }));
    else for (const line of linesOf(found, isRepaired)) out(line);
    return ok ? 0 : 1;
  },
});

const daysOf = ({ faults }: SumsFound): string[] => [...new Set(faults.map(dayOf))].sort();

const dayText = (time: number): string => new Date(time).toISOString().slice(0, 10);

const shown = (found: SumsFound): object => ({
  rows: found.rows,
  oldest: found.oldest === null ? null : new Date(found.oldest).toISOString(),
  rows_from: found.rowsFrom === 0 ? null : dayText(found.rowsFrom),
  wrong_sums: found.faults.length,
  days_with_wrong_sums: daysOf(found),
  days_without_rows: found.daysWithoutRows,
});

function linesOf(found: SumsFound, isRepaired: boolean): string[] {
  const { rows, oldest, rowsFrom, faults, daysWithoutRows } = found;
  const since = oldest === null ? "" : `, the oldest of ${dayText(oldest)}`;
  const removed =
    rowsFrom === 0 ? "" : `; rows before ${dayText(rowsFrom)} are removed by their age`;
  const days = daysOf(found);
  return [
    "ok    file  It is whole.",
    `ok    rows  ${rows === 1 ? "1 row" : `${rows.toLocaleString("en-US")} rows`}${since}${removed}.`,
    ...(daysWithoutRows.length === 0
      ? []
      : [
          `-     sums  These days have sums and no row, so they cannot be checked: ${listed(daysWithoutRows)}`,
        ]),
    ...(faults.length === 0
      ? ["ok    sums  They are those of the rows."]
      : isRepaired
        ? [`ok    sums  The sums of these days were wrong, and were made anew: ${listed(days)}`]
        : [
            `FAIL  sums  The sums of these days are not those of the rows: ${listed(days)}`,
            "            -> ledger check --repair",
          ]),
  ];
}

function listed(days: readonly string[]): string {
  const more = days.length - mostDays;
  return days.slice(0, mostDays).join(", ") + (more > 0 ? `, and ${more} more` : "");
}
