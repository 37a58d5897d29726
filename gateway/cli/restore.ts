import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { unpack } from "../backup/archive.ts";
import { besides, type KeptFiles, stampOf } from "../backup/kept-files.ts";
import { inspectDatabase } from "../ledger/inspect-database.ts";
import { isInUse } from "../ledger/instances.ts";
import { parseUsers } from "../users/snapshot.ts";
import { keptFilesOf } from "./backup/kept-files-of.ts";
import { type Command, command } from "./frame/command.ts";
import { shownPath } from "./frame/shown-path.ts";
import { UsageError } from "./frame/usage-error.ts";

/** `restore FILE`: brings back a backup. If it fails, it has changed nothing. */
export const restore: Command = command({
  name: "restore",
  summary: "brings back the files of a backup, also on a new machine",
  operands: ["FILE"],
  options: { yes: { type: "boolean", about: "replaces the files that exist, without asking" } },
  notes: `- is standard input. The gateway must not run. Files that exist are moved to before-restore-…
beside the ledger.`,
  async run({ values, operands: [name = ""] }, surroundings) {
    const { out, cwd, now, stdin, canAsk, ask } = surroundings;
    const kept = keptFilesOf(surroundings);
    const { users, config, database } = kept;
    const source = name === "-" ? stdin : resolve(cwd, name);
    if (typeof source === "string" && !existsSync(source))
      throw new Error(`there is no file ${name}`);
    const folder = shownPath(kept.folder, cwd);
    if (!values.yes && [users, config, database].some((file) => existsSync(file))) {
      const answer = canAsk
        ? await ask(`Replace keys, accounts and settings in ${folder}? [y/N] `)
        : "";
      if (!/^y/i.test(answer)) {
        throw new UsageError(`${folder} was not changed; to replace its files add --yes`);
      }
    }
    const { names, aside } = await bringBack(kept, source, stampOf(now()));
    out(`restored: ${names.filter((one) => one !== "manifest.json").join(", ")}`);
    if (aside !== null) out(`the files that were there before are in ${shownPath(aside, cwd)}`);
  },
});

async function bringBack(
  kept: KeptFiles,
  source: string | Readable,
  stamp: string,
): Promise<{ names: string[]; aside: string | null }> {
  if (isInUse(kept.database)) {
    throw new Error("a gateway uses this ledger; stop it first (./gateway.sh stop, or Ctrl-C)");
  }
  const made = mkdirSync(kept.folder, { recursive: true, mode: 0o700 });
  const staging = mkdtempSync(join(kept.folder, ".restore-"));
  try {
    const names = await unpack(source, staging);
    refuseUnusable(staging, names);
    const aside = join(kept.folder, `before-restore-${stamp}`);
    return { names, aside: swap(kept, staging, names, aside) };
  } catch (error) {
    // The folder did not exist before, so nothing else is in it.
    if (made !== undefined) rmSync(made, { recursive: true });
    throw error;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Throws for files that the gateway would refuse. */
function refuseUnusable(staging: string, names: readonly string[]): void {
  if (names.includes("users.json")) {
    parseUsers(readFileSync(join(staging, "users.json"), "utf8"));
  }
  if (!names.includes("gateway.db")) return;
  const found = inspectDatabase(join(staging, "gateway.db"), "full");
  if (found.state === "whole") return;
  const says = found.state === "damaged" ? "is damaged" : "cannot be used";
  throw new Error(`the ledger in this backup ${says}: ${found.reason}`);
}

/** Moves the present files to `aside` and the new ones in; if a move fails, all go back. */
function swap(kept: KeptFiles, staging: string, names: string[], aside: string): string | null {
  const targets = [
    { name: "users.json", target: kept.users },
    { name: "config.yaml", target: kept.config },
    { name: "gateway.db", target: kept.database },
  ].filter(({ name }) => names.includes(name));
  const leaving = targets
    .flatMap(({ target }) => (target === kept.database ? [target, ...besides(target)] : [target]))
    .filter((file) => existsSync(file));
  const moved: { from: string; to: string }[] = [];
  const move = (from: string, to: string): void => {
    renameSync(from, to);
    moved.push({ from, to });
  };
  try {
    if (leaving.length > 0) mkdirSync(aside, { mode: 0o700 });
    for (const file of leaving) move(file, join(aside, basename(file)));
    for (const { name, target } of targets) {
      mkdirSync(dirname(target), { recursive: true, mode: 0o700 });
      move(join(staging, name), target);
    }
  } catch (error) {
    for (const { from, to } of moved.reverse()) renameSync(to, from);
    throw error;
  }
  return leaving.length > 0 ? aside : null;
}
