import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Writable } from "node:stream";
import { copyDatabase } from "../ledger/copy-database.ts";
import { pack } from "./backup/archive.ts";
import { type KeptFiles, keptFiles, stampOf } from "./backup/kept-files.ts";
import { type Command, command } from "./frame/command.ts";
import { shownPath } from "./frame/shown-path.ts";
import { version } from "./version.ts";

/** `backup [FILE]`: users, settings and accounts in one file. */
export const backup: Command = command({
  name: "backup",
  summary: "writes keys, accounts and config.yaml to one file; the gateway may run meanwhile",
  operands: ["[FILE]"],
  options: {},
  notes: `Without FILE it goes to backups/ beside the ledger; - is standard output. The file holds all of
users.json: protect it in the same way. .env is not in it, because it may hold the token of the
tunnel: copy it separately. It is an ordinary tar.gz: tar -tzf FILE lists it.`,
  async run({ operands: [name] }, surroundings) {
    const { out, say, cwd, now, stdout } = surroundings;
    const kept = keptFiles(surroundings);
    if (!existsSync(kept.users) && !existsSync(kept.database)) {
      throw new Error(
        `there is nothing to keep: no ${shownPath(kept.users, cwd)} and no ${shownPath(kept.database, cwd)}`,
      );
    }
    if (name === "-") return await writeTo(kept, stdout);
    const usual = join(kept.folder, "backups", `llm-gateway-${stampOf(now())}.tar.gz`);
    const file = name === undefined ? usual : resolve(cwd, name);
    const folder = dirname(file);
    if (folder === dirname(usual)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!existsSync(folder)) throw new Error(`there is no folder ${shownPath(folder, cwd)}`);
    await writeFile(kept, file);
    out(shownPath(file, cwd));
    say(`backup: ${Math.ceil(statSync(file).size / 1024)} KiB`);
  },
});

/** Writes a file that is complete or does not exist, and that only its owner can read. */
async function writeFile(kept: KeptFiles, file: string): Promise<void> {
  const draft = `${file}.${process.pid}.draft`;
  try {
    await writeTo(kept, createWriteStream(draft, { mode: 0o600, flush: true }));
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

async function writeTo(kept: KeptFiles, to: Writable): Promise<void> {
  const staging = mkdtempSync(join(kept.folder, ".backup-"));
  try {
    const files = [
      { name: "users.json", file: kept.users },
      { name: "config.yaml", file: kept.config },
    ].filter(({ file }) => existsSync(file));
    if (existsSync(kept.database)) {
      const copy = join(staging, "gateway.db");
      await copyDatabase(kept.database, copy);
      files.push({ name: "gateway.db", file: copy });
    }
    const made = new Date().toISOString();
    await pack({ program: "llm-gateway", version: version(), made }, files, to);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
