import { hashKeys, type KeySelection, removeKeys, setDisabled } from "../../users/change-keys.ts";
import type { Edited } from "../../users/edit-users-file.ts";
import { noteStop } from "../../users/stop-notes.ts";
import type { UserRow } from "../../users/users-document.ts";
import { type Command, command } from "../frame/command.ts";
import { shownPath } from "../frame/shown-path.ts";
import type { Surroundings } from "../frame/surroundings.ts";
import { editUsers } from "./edit-users.ts";
import { hintOption } from "./new-key.ts";
import { commonOptions, usersFileOf } from "./users-file.ts";

const nowOption = {
  now: {
    type: "boolean",
    default: false,
    about: "stops their running requests too; waiting ones end in any case",
  },
} as const;

type Change = (rows: readonly UserRow[], selection: KeySelection) => Edited<number>;

/** `users remove NAME`: deletes all keys of a user, or those with a hint. */
export const remove: Command = ending(
  { action: "remove", done: "removed", summary: "deletes the keys of a user" },
  removeKeys,
);

/** `users disable NAME`: the keys stay in the file, and are refused. */
export const disable: Command = ending(
  { action: "disable", done: "disabled", summary: "refuses the keys of a user, and keeps them" },
  (rows, selection) => setDisabled(rows, selection, true),
);

/** `users enable NAME`: undoes disable. */
export const enable: Command = command({
  name: "users enable",
  summary: "accepts the keys of a user again",
  operands: ["NAME"],
  options: { ...hintOption, ...commonOptions },
  async run({ values, operands: [user = ""] }, surroundings) {
    const change: Change = (rows, selection) => setDisabled(rows, selection, false);
    await changeKeys(change, "enabled", user, values, surroundings);
  },
});

/** `users hash`: stores plain keys hashed; they work as before. */
export const hash: Command = command({
  name: "users hash",
  summary: "stores plain keys hashed; they work as before",
  operands: [],
  options: commonOptions,
  async run({ values }, surroundings) {
    const file = usersFileOf(values, surroundings);
    const count = await editUsers(values, surroundings, hashKeys);
    const line = `hashed ${keysIn(count)} in ${shownPath(file, surroundings.cwd)}`;
    surroundings.out(values.json ? JSON.stringify({ hashed: count, file }) : line);
  },
});

type Words = { action: string; done: string; summary: string };

/** A change after which the keys give nobody anything. */
function ending({ action, done, summary }: Words, change: Change): Command {
  return command({
    name: `users ${action}`,
    summary,
    operands: ["NAME"],
    options: { ...nowOption, ...hintOption, ...commonOptions },
    async run({ values, operands: [user = ""] }, surroundings) {
      const more = values.now ? "; their running requests end within seconds" : "";
      const file = await changeKeys(change, done, user, values, surroundings, more);
      if (values.now) await noteStop(file, user, surroundings.now());
    },
  });
}

type Given = { readonly hint?: string; readonly json: boolean; readonly "users-file"?: string };

/** Changes the users file and says so. Returns its path. */
async function changeKeys(
  change: Change,
  done: string,
  user: string,
  values: Given,
  surroundings: Surroundings,
  more: string = "",
): Promise<string> {
  const file = usersFileOf(values, surroundings);
  const selection = { user, hint: values.hint ?? null };
  const count = await editUsers(values, surroundings, (rows) => change(rows, selection));
  const line = `${done} ${keysIn(count)} of ${user}${more}`;
  surroundings.out(values.json ? JSON.stringify({ user, [done]: count, file }) : line);
  return file;
}

function keysIn(count: number): string {
  return count === 1 ? "1 key" : `${count} keys`;
}
