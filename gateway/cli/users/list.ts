import { shownAddress } from "../../kinds/notify-address.ts";
import { selectKeys } from "../../users/change-keys.ts";
import { readUsersFile } from "../../users/edit-users-file.ts";
import { parseEntry, type UserEntry } from "../../users/entry.ts";
import { digestInName, keyIdOf } from "../../users/key.ts";
import { digestOfRow, fieldsOf, hintOfRow, type UserRow } from "../../users/users-document.ts";
import { type Command, command } from "../frame/command.ts";
import { shownPath } from "../frame/shown-path.ts";
import { tableLines } from "../frame/table.ts";
import { commonOptions, usersFileOf } from "./users-file.ts";

/** `users list`: the user and the first characters of each key. */
export const list: Command = command({
  name: "users list",
  summary: "lists all keys (only their first characters)",
  operands: [],
  options: commonOptions,
  async run({ values }, surroundings) {
    const { out, say, now, cwd } = surroundings;
    const file = usersFileOf(values, surroundings);
    const rows = readUsersFile(file);
    if (values.json) return out(JSON.stringify(rows.map((row) => shown(row, now()))));
    const head = ["user", "key", "role", "state", ""];
    const table = rows.length === 0 ? [] : [head, ...rows.map((row) => cells(row, now()))];
    for (const line of tableLines(table)) out(line);
    if (rows.length === 0) say(`no user has a key in ${shownPath(file, cwd)}`);
  },
});

/** `users show NAME`: everything about the keys of a user but the keys. */
export const show: Command = command({
  name: "users show",
  summary: "shows everything about the keys of a user but the keys",
  operands: ["NAME"],
  options: commonOptions,
  async run({ values, operands: [user = ""] }, surroundings) {
    const { out, now } = surroundings;
    const rows = selectKeys(readUsersFile(usersFileOf(values, surroundings)), { user, hint: null });
    const keys = rows.map((row) => shown(row, now()));
    out(JSON.stringify({ user, keys }, null, values.json ? undefined : 2));
  },
});

type State = "active" | "disabled" | "expired";

/** Every field of an entry under its name in the file, defaults and unknown fields included. */
function shown(row: UserRow, now: number): Record<string, unknown> {
  const id = keyIdOf(digestOfRow(row));
  const {
    user,
    maxConcurrent,
    maxQueued,
    speaksFor: _,
    notify: to,
    ...entry
  } = parseEntry(fieldsOf(row), "");
  const expires = entry.expires === null ? null : new Date(entry.expires).toISOString();
  const hint = hintOfRow(row);
  const state = stateOf(entry, now);
  const stored = digestInName(row.name) === null ? "plain" : "hashed";
  const bounds = { max_concurrent: maxConcurrent, max_queued: maxQueued };
  // An address is a secret: who has it can send to it.
  const notify = to === null ? null : shownAddress(to);
  return { user, id, state, stored, ...fieldsOf(row), ...entry, ...bounds, notify, expires, hint };
}

function stateOf(entry: Pick<UserEntry, "disabled" | "expires">, now: number): State {
  if (entry.disabled) return "disabled";
  return entry.expires !== null && entry.expires <= now ? "expired" : "active";
}

function cells(row: UserRow, now: number): string[] {
  const entry = parseEntry(fieldsOf(row), "");
  const until = entry.expires === null ? "" : `until ${new Date(entry.expires).toISOString()}`;
  return [entry.user, `${hintOfRow(row)}…`, entry.role, stateOf(entry, now), until];
}
