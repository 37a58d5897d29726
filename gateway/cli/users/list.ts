import { parseArgs } from "node:util";
import { pick } from "../../users/change-keys.ts";
import { readUsersFile } from "../../users/edit-users-file.ts";
import { type Entry, parseEntry } from "../../users/entry.ts";
import { digestInName } from "../../users/key.ts";
import { fieldsOf, hintOfRow, type Row } from "../../users/users-document.ts";
import { type Command, nameOf } from "./command.ts";

const options = { json: { type: "boolean", default: false } } as const;

/** `users list`: every key's person and first characters. */
export const list: Command = async (argv, { file, terminal, now }) => {
  const { values } = parseArgs({ args: argv, options });
  const rows = readUsersFile(file);
  if (values.json) {
    terminal.out(JSON.stringify(rows.map((row) => shown(row, now))));
    return;
  }
  for (const line of table(rows.map((row) => cells(row, now)))) terminal.out(line);
  if (rows.length === 0) terminal.say(`nobody has a key in ${file}`);
};

/** `users show NAME`: everything about a person's keys but the keys. */
export const show: Command = async (argv, { file, terminal, now }) => {
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  const user = nameOf(positionals);
  const rows = pick(readUsersFile(file), { user, hint: null });
  const keys = rows.map((row) => shown(row, now));
  terminal.out(JSON.stringify({ user, keys }, null, values.json ? undefined : 2));
};

type State = "active" | "disabled" | "expired";

/** Every field of an entry as the file calls it, with the defaults in force; unknown ones too. */
function shown(row: Row, now: number): Record<string, unknown> {
  const { user, maxConcurrent, maxQueued, ...entry } = parseEntry(fieldsOf(row), "");
  const expires = entry.expires === null ? null : new Date(entry.expires).toISOString();
  const hint = hintOfRow(row);
  const state = stateOf(entry, now);
  const stored = digestInName(row.name) === null ? "plain" : "hashed";
  const bounds = { max_concurrent: maxConcurrent, max_queued: maxQueued };
  return { user, state, stored, ...fieldsOf(row), ...entry, ...bounds, expires, hint };
}

function stateOf(entry: Pick<Entry, "disabled" | "expires">, now: number): State {
  if (entry.disabled) return "disabled";
  return entry.expires !== null && entry.expires <= now ? "expired" : "active";
}

function cells(row: Row, now: number): string[] {
  const entry = parseEntry(fieldsOf(row), "");
  const until = entry.expires === null ? "" : `until ${new Date(entry.expires).toISOString()}`;
  return [entry.user, `${hintOfRow(row)}…`, entry.role, stateOf(entry, now), until];
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2, 3, 4].map((column) =>
    Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
