import { editUsersFile } from "../../users/edit-users-file.ts";
import { digestOfRow, rowOf } from "../../users/users-document.ts";
import type { ForeignKey } from "./foreign.ts";

/** Adds the keys that the users file does not have. @returns what it did, in lines */
export async function importKeys(
  usersFile: string,
  keys: readonly ForeignKey[],
): Promise<string[]> {
  const added = await editUsersFile(usersFile, (rows) => {
    const known = new Set(rows.map(digestOfRow));
    const fresh = keys.filter(({ digest }) => !known.has(digest) && known.add(digest));
    const made = fresh.map(({ digest, user, hint, expires, models: globs }) =>
      rowOf(`sha256:${digest}`, {
        user,
        hint,
        ...(expires === null ? {} : { expires }),
        ...(globs === null ? {} : { models: globs }),
      }),
    );
    return { rows: [...rows, ...made], result: fresh };
  });
  return [
    `${added.length} of ${keys.length} keys added to ${usersFile}`,
    ...added.map(({ user, hint }) => `  ${user}  ${hint}…`),
  ];
}
