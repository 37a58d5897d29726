import { hashKeys, type KeySelection, removeKeys, setDisabled } from "../../users/change-keys.ts";
import { type Edited, editUsersFile } from "../../users/edit-users-file.ts";
import type { UserRow } from "../../users/users-document.ts";
import { type Command, command } from "../frame/command.ts";
import { hintOption } from "./new-key.ts";
import { commonOptions, usersFileOf } from "./users-file.ts";

type Change = (rows: readonly UserRow[], selection: KeySelection) => Edited<number>;

/** `users remove NAME`: deletes all keys of a user, or those with a hint. */
export const remove: Command = changing(
  { action: "remove", done: "removed", summary: "deletes the keys of a user" },
  removeKeys,
);

/** `users disable NAME`: the keys stay in the file, and are refused. */
export const disable: Command = changing(
  { action: "disable", done: "disabled", summary: "refuses the keys of a user, and keeps them" },
  (rows, selection) => setDisabled(rows, selection, true),
);

/** `users enable NAME`: undoes disable. */
export const enable: Command = changing(
  { action: "enable", done: "enabled", summary: "accepts the keys of a user again" },
  (rows, selection) => setDisabled(rows, selection, false),
);

/** `users hash`: stores plain keys hashed; they work as before. */
export const hash: Command = command({
  name: "users hash",
  summary: "stores plain keys hashed; they work as before",
  operands: [],
  options: commonOptions,
  async run({ values }, surroundings) {
    const file = usersFileOf(values, surroundings);
    const count = await editUsersFile(file, hashKeys);
    const line = `hashed ${keysIn(count)} in ${file}`;
    surroundings.out(values.json ? JSON.stringify({ hashed: count, file }) : line);
  },
});

type Words = { action: string; done: string; summary: string };

function changing({ action, done, summary }: Words, change: Change): Command {
  return command({
    name: `users ${action}`,
    summary,
    operands: ["NAME"],
    options: { ...hintOption, ...commonOptions },
    async run({ values, operands: [user = ""] }, surroundings) {
      const file = usersFileOf(values, surroundings);
      const selection = { user, hint: values.hint ?? null };
      const count = await editUsersFile(file, (rows) => change(rows, selection));
      const line = `${done} ${keysIn(count)} of ${user}`;
      surroundings.out(values.json ? JSON.stringify({ user, [done]: count, file }) : line);
    },
  });
}

function keysIn(count: number): string {
  return count === 1 ? "1 key" : `${count} keys`;
}
