import { parseArgs } from "node:util";
import { hashKeys, removeKeys, setDisabled, type Whose } from "../../users/change-keys.ts";
import { type Edited, editUsersFile } from "../../users/edit-users-file.ts";
import type { Row } from "../../users/users-document.ts";
import { type Command, nameOf } from "./command.ts";

type Change = (rows: readonly Row[], whose: Whose) => Edited<number>;

/** `users remove NAME`: takes away all of a person's keys, or those of a hint. */
export const remove: Command = changing("removed", removeKeys);

/** `users disable NAME`: the keys stay in the file and let nobody in. */
export const disable: Command = changing("disabled", (rows, whose) =>
  setDisabled(rows, whose, true),
);

/** `users enable NAME`: undoes disable. */
export const enable: Command = changing("enabled", (rows, whose) =>
  setDisabled(rows, whose, false),
);

/** `users hash`: stores plain keys hashed; they work as before. */
export const hash: Command = async (argv, { file, terminal }) => {
  const options = { json: { type: "boolean", default: false } } as const;
  const { values } = parseArgs({ args: argv, options });
  const count = await editUsersFile(file, hashKeys);
  if (values.json) terminal.out(JSON.stringify({ hashed: count, file }));
  else terminal.out(`hashed ${keysIn(count)} in ${file}`);
};

function changing(verb: string, change: Change): Command {
  const options = {
    hint: { type: "string" },
    json: { type: "boolean", default: false },
  } as const;
  return async (argv, { file, terminal }) => {
    const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
    const user = nameOf(positionals);
    const whose = { user, hint: values.hint ?? null };
    const count = await editUsersFile(file, (rows) => change(rows, whose));
    if (values.json) terminal.out(JSON.stringify({ user, [verb]: count, file }));
    else terminal.out(`${verb} ${keysIn(count)} of ${user}`);
  };
}

function keysIn(count: number): string {
  return count === 1 ? "1 key" : `${count} keys`;
}
