import { randomBytes } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

/**
 * Puts `text` in the place of a file, so that a reader finds the old or the new one and a crash
 * leaves one of the two: written beside it, synced, renamed. Mode and owner are kept; a new file is
 * for its owner only.
 * @throws Error when the owner cannot be kept: the gateway might no longer be able to read the file
 */
export function replaceFile(file: string, text: string): void {
  const folder = dirname(file);
  const draft = join(folder, `.${basename(file)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    writeDraft(draft, text, file);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    if (isCode(error, "EBUSY")) throw new Error(`${file} is a mount; mount its folder instead`);
    throw error;
  }
  syncFolder(folder);
}

/** The file behind symbolic links, which must outlive an edit; it need not exist. */
export function targetOf(file: string): string {
  try {
    return realpathSync(file);
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
  try {
    return resolve(dirname(file), readlinkSync(file));
  } catch {
    return resolve(file);
  }
}

function writeDraft(draft: string, text: string, file: string): void {
  const fd = openSync(draft, "wx", 0o600);
  try {
    writeFileSync(fd, text);
    const old = statSync(file, { throwIfNoEntry: false });
    if (old !== undefined) {
      keepOwner(fd, file, old.uid, old.gid);
      // After the owner: changing that clears bits of the mode.
      fchmodSync(fd, old.mode & 0o7777);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function keepOwner(fd: number, file: string, uid: number, gid: number): void {
  const draft = fstatSync(fd);
  if (draft.uid === uid && draft.gid === gid) return;
  try {
    fchownSync(fd, uid, gid);
  } catch {
    throw new Error(
      `${file} belongs to another user (uid ${uid}, gid ${gid}); edit it as that user`,
    );
  }
}

function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, "r");
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // Some file systems cannot sync a folder; the rename itself has succeeded.
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
