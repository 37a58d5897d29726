import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
} from "node:fs";

/**
 * Up to this size the file is compared by its bytes. A larger file is compared by its stat first.
 */
const SMALL = 65_536;
/** A stat cannot show a change within the clock tick of its time stamp. */
const SETTLED_MS = 1_000;
const GAP_MS = 5;
/** Without O_NONBLOCK, opening a named pipe would wait for its writer for ever. */
const FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

export type FreshBytes = {
  /**
   * Looks at the file: `same` as at the last look, `missing`, or its new bytes. Costs an
   * open, a read and a close.
   * @throws the system's error when it exists and cannot be read; the next look then starts afresh
   */
  look(): "same" | "missing" | Buffer;
};

/** The result of the last look; `mark` is null while the stat cannot be trusted. */
type Last = "none" | "missing" | { readonly bytes: Buffer; readonly mark: string | null };

/**
 * Sees every change of a file without a watcher: watchers miss renames, mounts and network drives.
 */
export function createFreshBytes(file: string, now: () => number = Date.now): FreshBytes {
  const buffer = Buffer.allocUnsafeSlow(SMALL + 1);
  let last: Last = "none";

  function look(): "same" | "missing" | Buffer {
    if (last === "missing" && !existsSync(file)) return "same";
    const fd = openPatiently(file, last !== "none" && last !== "missing");
    if (fd === null) {
      last = "missing";
      return "missing";
    }
    try {
      return lookInto(fd);
    } catch (error) {
      last = "none";
      throw error;
    } finally {
      closeSync(fd);
    }
  }

  function lookInto(fd: number): "same" | Buffer {
    const known = typeof last === "object" ? last : null;
    if (known !== null && known.mark !== null && known.mark === markOf(fd)) return "same";
    // One read is enough: on a regular file it stops short only at the end.
    const length = readSync(fd, buffer, 0, SMALL + 1, 0);
    if (length > SMALL) return lookIntoLarge(fd, known?.bytes ?? null);
    if (known !== null && isSame(known.bytes, length)) return "same";
    const bytes = Buffer.from(buffer.subarray(0, length));
    last = { bytes, mark: null };
    return bytes;
  }

  function isSame(known: Buffer, length: number): boolean {
    return known.length === length && buffer.compare(known, 0, length, 0, length) === 0;
  }

  function lookIntoLarge(fd: number, known: Buffer | null): "same" | Buffer {
    // The mark is taken before the bytes, so that a change between the two is seen next time.
    const isSettled = Math.abs(now() - fstatSync(fd).mtimeMs) > SETTLED_MS;
    const mark = isSettled ? markOf(fd) : null;
    const bytes = readFileSync(fd);
    last = { bytes, mark };
    return known?.equals(bytes) ? "same" : bytes;
  }

  return { look };
}

function markOf(fd: number): string {
  const stat = fstatSync(fd, { bigint: true });
  return `${stat.dev}:${stat.ino}:${stat.size}:${stat.mtimeNs}:${stat.ctimeNs}`;
}

/** Opens the file; null if there is none. If there was one before, it looks twice. */
function openPatiently(file: string, wasThere: boolean): number | null {
  const fd = openIfThere(file);
  if (fd !== null || !wasThere) return fd;
  // Editors that rename the old file away before they write the new one (vim) leave a gap of
  // microseconds; in it, everybody would be refused. Waiting happens once for each deletion.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, GAP_MS);
  return openIfThere(file);
}

function openIfThere(file: string): number | null {
  try {
    return openSync(file, FLAGS);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
