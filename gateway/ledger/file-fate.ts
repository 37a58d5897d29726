import { existsSync, fstatSync, readdirSync, type Stats, statSync } from "node:fs";

/** What has become of an open file. */
export type FileFate = {
  /** What its path holds now; `no log`: the same file, and its log beside it was deleted. */
  readonly path: "same" | "no log" | "nothing" | "another";
  /** Whether it still has a name somewhere. */
  readonly isNamed: boolean;
};

/**
 * Tells what becomes of the database file that this process has open at `path`. SQLite goes on
 * writing to a file that was deleted or moved, and does not notice.
 */
export function watchFate(path: string): () => FileFate {
  const first = statSync(path);
  const descriptor = descriptorOf(first);
  return () => {
    const now = statSync(path, { throwIfNoEntry: false });
    // Asked anew: some shared folders change the numbers of a file that stays the same.
    const own = descriptor === null ? null : statOf(descriptor);
    const { dev, ino } = own ?? first;
    if (now !== undefined && now.dev === dev && now.ino === ino) {
      return { path: existsSync(`${path}-wal`) ? "same" : "no log", isNamed: true };
    }
    return { path: now === undefined ? "nothing" : "another", isNamed: (own?.nlink ?? 0) > 0 };
  };
}

/**
 * SQLite's own descriptor of a file, or null. A second one of ours would do harm: closing it drops
 * the process's locks on the file.
 */
function descriptorOf({ dev, ino }: Stats): number | null {
  try {
    for (const name of readdirSync("/dev/fd")) {
      const stat = statOf(Number(name));
      if (stat !== null && stat.dev === dev && stat.ino === ino) return Number(name);
    }
  } catch {
    // No such directory on this system: then every file counts as one without a name, and is saved.
  }
  return null;
}

function statOf(fd: number): Stats | null {
  try {
    return fstatSync(fd);
  } catch {
    return null;
  }
}
