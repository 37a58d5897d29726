import { createWriteStream, existsSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { copyDatabase } from "../ledger/copy-database.ts";
import { pack } from "./archive.ts";
import { type BackupMaker, draftEnd, type KeptFiles, stagingOf } from "./kept-files.ts";

/**
 * Writes a backup to a file, which is complete or does not exist, and which only its owner can read.
 * A gateway may run meanwhile.
 */
export async function writeBackup(
  kept: KeptFiles,
  file: string,
  version: string,
  maker: BackupMaker,
): Promise<void> {
  const draft = `${file}.${process.pid}${draftEnd}`;
  try {
    const to = createWriteStream(draft, { mode: 0o600, flush: true });
    await writeBackupTo(kept, to, version, maker);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** Writes a backup to a stream. */
export async function writeBackupTo(
  kept: KeptFiles,
  to: Writable,
  version: string,
  maker: BackupMaker,
): Promise<void> {
  const staging = mkdtempSync(join(kept.folder, stagingOf(maker)));
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
    await pack({ program: "llm-gateway", version, made }, files, to);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}
