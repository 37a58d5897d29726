import { resolve } from "node:path";
import { type ChangeLine, type ChangesPage, changesPage } from "../../ledger/upkeep/changes.ts";
import { openForCommand } from "../../ledger/upkeep/open-for-command.ts";
import { shownText } from "../../telemetry/shown-text.ts";
import { type Command, command } from "../frame/command.ts";
import type { Surroundings } from "../frame/surroundings.ts";
import { tableLines } from "../frame/table.ts";
import { UsageError } from "../frame/usage-error.ts";
import { ledgerFileOptions, ledgerPlaceOf } from "./ledger-file-option.ts";

/** `ledger changes`: what administrators changed. */
export const changes: Command = command({
  name: "ledger changes",
  summary: "shows who changed users, invites, the queue and settings, the newest first",
  operands: [],
  options: {
    limit: { type: "string", value: "N", default: "50", about: "so many lines at most" },
    json: { type: "boolean", about: "prints JSON, with what was before and after" },
    ...ledgerFileOptions,
  },
  notes: "No line holds a key. (start) is a start with other settings than the one before.",
  async run({ values }, surroundings) {
    const { out, say } = surroundings;
    if (!/^[1-9]\d{0,4}$/.test(values.limit)) {
      throw new UsageError("--limit takes a number from 1 to 99999");
    }
    const { lines } = await readChanges(Number(values.limit), values, surroundings);
    if (values.json) return out(JSON.stringify(lines, null, 2));
    for (const line of tableLines(lines.map(cells))) out(line);
    if (lines.length === 0) say("nothing was changed yet");
  },
});

async function readChanges(
  limit: number,
  values: Parameters<typeof ledgerPlaceOf>[0],
  surroundings: Surroundings,
): Promise<ChangesPage> {
  const { file, url } = ledgerPlaceOf(values, surroundings);
  const query = { limit, before: null };
  if (url !== null) {
    const { withPostgresChanges } = await import("../../ledger/postgres/postgres-changes.ts");
    return await withPostgresChanges(url, (changes) => changes.page(query));
  }
  using db = openForCommand(resolve(surroundings.cwd, file));
  return changesPage(db.open, query);
}

const cells = ({ at, who, action, subject, before, after }: ChangeLine): string[] => [
  at.slice(0, 19).replace("T", " "),
  shownText(who),
  action,
  shownText(subject),
  shownText(`${written(before)} -> ${written(after)}`, 160),
];

const written = (value: unknown): string => (value === null ? "–" : JSON.stringify(value));
