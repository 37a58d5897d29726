import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import { inspectDatabase } from "../ledger/inspect-database.ts";
import { isInUse } from "../ledger/instances.ts";
import { parseUsers } from "../users/snapshot.ts";
import { unpack } from "./backup/archive.ts";
import {
  besides,
  type Kept,
  keptFiles,
  lineOf,
  ofProcess,
  type Surroundings,
  stampOf,
} from "./backup/surroundings.ts";

const HELP = `restore: brings back what backup kept, also onto a new machine

  restore FILE [--yes]    - is standard input

The gateway must not run. What stands there now is moved into before-restore-… beside the ledger.`;

/**
 * `restore FILE`: gives 0, 1 when it failed (nothing is changed then), 2 for a wrong command line.
 */
export async function restore(
  argv: string[],
  surroundings: Surroundings = ofProcess(),
): Promise<number> {
  const { out, say, cwd } = surroundings;
  try {
    const { values, positionals } = parseArgs({
      args: argv,
      options: { help: { type: "boolean" }, yes: { type: "boolean" } },
      allowPositionals: true,
    });
    const [name] = positionals;
    if (values.help) {
      out(HELP);
      return 0;
    }
    if (name === undefined || positionals.length > 1) throw new TypeError("it takes one file");
    const kept = keptFiles(surroundings);
    if (!values.yes && !(await agreed(kept)))
      throw new TypeError(`${kept.folder} stays as it is; --yes replaces what stands there`);
    const file = name === "-" ? null : resolve(cwd, name);
    const { names, aside } = await bringBack(kept, file);
    out(`restored: ${names.join(", ")}`);
    if (aside !== null) out(`what stood there before is in ${aside}`);
    return 0;
  } catch (error) {
    say(`restore: ${lineOf(error)}`);
    return error instanceof TypeError ? 2 : 1;
  }
}

async function agreed({ folder }: Kept): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`Replace keys and accounts in ${folder}? [y/N] `);
  terminal.close();
  return /^y/i.test(answer.trim());
}

async function bringBack(
  kept: Kept,
  file: string | null,
): Promise<{ names: string[]; aside: string | null }> {
  const made = mkdirSync(kept.folder, { recursive: true, mode: 0o700 });
  if (isInUse(kept.database)) {
    throw new Error("a gateway works on this ledger; stop it first (./gateway.sh stop, or Ctrl-C)");
  }
  const staging = mkdtempSync(join(kept.folder, ".restore-"));
  try {
    const names = await judged(file, staging).catch((error: unknown) => {
      // Nothing stands in a folder that was made for this.
      if (made !== undefined) rmSync(made, { recursive: true });
      throw error;
    });
    const aside = join(kept.folder, `before-restore-${stampOf(Date.now())}`);
    return { names, aside: swap(kept, staging, names, aside) };
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function judged(file: string | null, staging: string): Promise<string[]> {
  const names = await unpack(file ?? process.stdin, staging);
  judge(staging, names);
  return names;
}

/** Nothing is replaced by what the gateway would refuse. */
function judge(staging: string, names: readonly string[]): void {
  if (names.includes("users.json")) {
    parseUsers(readFileSync(join(staging, "users.json"), "utf8"));
  }
  if (!names.includes("gateway.db")) return;
  const found = inspectDatabase(join(staging, "gateway.db"), "full");
  if (found.state === "whole") return;
  const says = found.state === "damaged" ? "is damaged" : "cannot be used";
  throw new Error(`the ledger in this backup ${says}: ${found.reason}`);
}

/** Moves what stands there aside and the new files in; on a fault, back again. */
function swap(kept: Kept, staging: string, names: string[], aside: string): string | null {
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
