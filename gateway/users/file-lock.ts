import { randomUUID } from "node:crypto";
import { closeSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

const WAIT_MS = 15_000;
/** Edits take milliseconds; older locks were left behind by a crash. */
const STALE_MS = 10_000;
const POLL_MS = 15;

/**
 * Runs `work` while holding `<file>.lock`; another process, or another call here, waits its turn.
 * @throws Error after 15 s of waiting, naming the lock
 */
export async function withFileLock<T>(file: string, work: () => T): Promise<T> {
  const lock = `${file}.lock`;
  const giveUpAt = Date.now() + WAIT_MS;
  const mine = `${process.pid} ${hostname()} ${randomUUID()}\n`;
  while (!take(lock, mine)) {
    breakIfStale(lock, mine);
    if (Date.now() > giveUpAt)
      throw new Error(
        `${lock} exists, so another program is editing the file; remove it if none is`,
      );
    await sleep(POLL_MS * (0.5 + Math.random()));
  }
  try {
    return work();
  } finally {
    // An editor that slept through the stale time must not remove the next editor's lock.
    if (contentOf(lock) === mine) rmSync(lock, { force: true });
  }
}

function take(lock: string, owner: string): boolean {
  try {
    const fd = openSync(lock, "wx", 0o600);
    writeSync(fd, owner);
    closeSync(fd);
    return true;
  } catch (error) {
    if (codeOf(error) === "EEXIST") return false;
    throw error;
  }
}

/**
 * Removes a lock if its owner is gone. The remover holds `<lock>.break` and checks again: else two
 * removers could find the same stale lock, and the slower one would remove the quicker one's new
 * lock.
 */
function breakIfStale(lock: string, mine: string): void {
  if (!isStale(lock)) return;
  const breaking = `${lock}.break`;
  if (!take(breaking, mine)) {
    if (isOld(breaking)) rmSync(breaking, { force: true });
    return;
  }
  try {
    if (isStale(lock)) rmSync(lock, { force: true });
  } finally {
    rmSync(breaking, { force: true });
  }
}

function isStale(lock: string): boolean {
  const owner = /^(\d+) (\S+) /.exec(contentOf(lock));
  // Process numbers mean something on their own machine (or container) only.
  const isDead = owner?.[2] === hostname() && !isAlive(Number(owner[1]));
  return isDead || isOld(lock);
}

function isOld(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat !== undefined && Date.now() - stat.mtimeMs > STALE_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : null;
}
