import { existsSync } from "node:fs";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import type { AdminChange } from "../../ledger/upkeep/changes.ts";
import { type Edited, editUsersFile } from "../../users/edit-users-file.ts";
import { type UserDifference, userDifferences } from "../../users/user-differences.ts";
import type { UserRow } from "../../users/users-document.ts";
import type { Surroundings } from "../frame/surroundings.ts";
import { ledgerPlaceOf } from "../ledger/ledger-file-option.ts";
import { usersFileOf } from "./users-file.ts";

/**
 * Edits the users file for a command, and lists in the ledger what changed. A ledger that cannot be
 * written is told, and keeps nobody from the change.
 * @param action - how the list names it; null: by what changed
 */
export async function editUsers<T>(
  values: { readonly "users-file"?: string },
  surroundings: Surroundings,
  edit: (rows: UserRow[]) => Edited<T>,
  action: string | null = null,
): Promise<T> {
  let before: readonly UserRow[] = [];
  let after: readonly UserRow[] = [];
  const result = await editUsersFile(usersFileOf(values, surroundings), (rows) => {
    const edited = edit(rows);
    before = rows;
    after = edited.rows;
    return edited;
  });
  await listChanges(values, surroundings, () =>
    userDifferences(before, after).map(({ user, ...change }) => ({
      ...{ action: action ?? actionOf({ user, ...change }), subject: user, ...change },
    })),
  );
  return result;
}

type ShellChange = Omit<AdminChange, "at" | "who">;

/** Lists in the ledger what a command changed. It warns of a ledger that cannot be written. */
export async function listChanges(
  values: { readonly "users-file"?: string },
  surroundings: Surroundings,
  changed: () => readonly ShellChange[],
): Promise<void> {
  // Another users file is another gateway's.
  if (values["users-file"] !== undefined) return;
  try {
    const by = { at: surroundings.now(), who: shellUser(surroundings) };
    await write(
      surroundings,
      changed().map((change) => ({ ...by, ...change })),
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    surroundings.say(`WARNING: the list of changes does not have this one: ${reason}`);
  }
}

async function write(surroundings: Surroundings, changes: readonly AdminChange[]): Promise<void> {
  const { file: path, url } = ledgerPlaceOf({}, surroundings);
  const file = resolve(surroundings.cwd, path);
  // Before its first start a gateway has no ledger.
  if (changes.length === 0 || (url === null && !existsSync(file))) return;
  if (url !== null) {
    const { withPostgresChanges } = await import("../../ledger/postgres/postgres-changes.ts");
    return await withPostgresChanges(url, (store) => store.write(changes));
  }
  const { openForCommand } = await import("../../ledger/upkeep/open-for-command.ts");
  const { writeChanges } = await import("../../ledger/upkeep/changes.ts");
  using ledger = openForCommand(file, true);
  writeChanges(ledger.open, changes);
}

/** `(shell) root`: the account of the machine. */
function shellUser({ env }: Surroundings): string {
  try {
    return `(shell) ${env.SUDO_USER || userInfo().username}`;
  } catch {
    // A container's user may have no name.
    return `(shell) uid ${process.getuid?.()}`;
  }
}

function actionOf({ before, after }: UserDifference): string {
  if (before === null) return "user.add";
  if (after === null) return "user.remove";
  const [was, is] = [keysIn(before), keysIn(after)];
  if (was === is) return "user.change";
  return is > was ? "key.add" : "key.remove";
}

const keysIn = (person: object): number =>
  "keys" in person && Array.isArray(person.keys) ? person.keys.length : 0;
