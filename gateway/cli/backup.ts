import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { backupFolder, stampOf } from "../backup/kept-files.ts";
import { writeBackup, writeBackupTo } from "../backup/write-backup.ts";
import { loadSome } from "../settings/load-settings.ts";
import { keptFilesOf } from "./backup/kept-files-of.ts";
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
    const kept = keptFilesOf(surroundings);
    if (!existsSync(kept.users) && !existsSync(kept.database)) {
      throw new Error(
        `there is nothing to keep: no ${shownPath(kept.users, cwd)} and no ${shownPath(kept.database, cwd)}`,
      );
    }
    if (name === "-") return await writeBackupTo(kept, stdout, version(), "command");
    const usual = join(backupFolder(kept), `llm-gateway-${stampOf(now())}.tar.gz`);
    const file = name === undefined ? usual : resolve(cwd, name);
    const folder = dirname(file);
    if (folder === dirname(usual)) mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!existsSync(folder)) throw new Error(`there is no folder ${shownPath(folder, cwd)}`);
    await writeBackup(kept, file, version(), "command");
    out(shownPath(file, cwd));
    say(`backup: ${Math.ceil(statSync(file).size / 1024)} KiB`);
    if (loadSome(["databaseUrl"], { ...surroundings, argv: [] }).databaseUrl !== null) {
      say("The ledger in PostgreSQL is not in it: keep that with pg_dump.");
    }
  },
});
