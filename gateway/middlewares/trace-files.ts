import { chmod, mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

export type TraceFilesOptions = {
  directory: string;
  /** How many of the newest files stay; null: all. */
  maxFiles: number | null;
  /** Older files are removed. Milliseconds; null: none. */
  maxAgeMs: number | null;
  /** The most bytes of all files. The oldest are removed first. Null: no limit. */
  maxBytes: number | null;
  onTrouble: (message: string) => void;
};

export type TraceFiles = {
  /** Writes one file, behind everything else; never throws. */
  write(startedAt: number, id: string, text: string): void;
  /** Resolves when all is written. */
  close(): Promise<void>;
};

/** How often old files are looked for. Milliseconds. */
const sweepEveryMs = 60_000;

/** And after how many new ones at the latest. */
const sweepEvery = 100;

/**
 * How many traces may wait for the disk. More are dropped, because memory matters more than a
 * trace.
 */
const mostWaiting = 256;

/** The most characters of the waiting traces. */
const mostWaitingText = 64 * 1024 * 1024;

const ours = /^\d{4}-\d{2}-\d{2}T[\d-]+Z-[0-9a-f-]{36}\.json$/;

/**
 * Writes one file for each exchange, named by time and id, so that a listing is in order. Each file
 * is complete or missing, and only its owner can read it.
 */
export function createTraceFiles(options: TraceFilesOptions): TraceFiles {
  const { directory, maxFiles, maxAgeMs, maxBytes, onTrouble } = options;
  const waiting: { name: string; text: string }[] = [];
  let working: Promise<void> | null = null;
  let sweptAt = Number.NEGATIVE_INFINITY;
  let sinceSweep = 0;
  let waitingText = 0;

  async function writeOne(name: string, text: string): Promise<void> {
    const temporary = join(directory, `.${name}.tmp`);
    const file = await open(temporary, "wx", 0o600);
    try {
      await file.writeFile(text);
    } finally {
      await file.close();
    }
    await rename(temporary, join(directory, name));
  }

  async function sweep(): Promise<void> {
    sweptAt = performance.now();
    sinceSweep = 0;
    const all = await readdir(directory);
    const files = all.filter((name) => ours.test(name)).toSorted();
    const oldest = maxAgeMs === null ? "" : nameTime(Date.now() - maxAgeMs);
    const surplus = maxFiles === null ? 0 : Math.max(0, files.length - maxFiles);
    const tooMuch = await beyond(files);
    const gone = files.filter((name, index) => index < Math.max(surplus, tooMuch) || name < oldest);
    // One file is written at a time, and none now. So a half-written file is from before a crash.
    const halves = all.filter((name) => name.startsWith(".") && name.endsWith(".json.tmp"));
    for (const name of [...gone, ...halves]) await rm(join(directory, name), { force: true });
  }

  /** How many of the oldest files must be removed. */
  async function beyond(files: readonly string[]): Promise<number> {
    if (maxBytes === null) return 0;
    let room = maxBytes;
    for (let index = files.length - 1; index >= 0; index--) {
      const { size } = await stat(join(directory, files[index] ?? "")).catch(() => ({ size: 0 }));
      room -= size;
      if (room < 0) return index + 1;
    }
    return 0;
  }

  async function work(): Promise<void> {
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await chmod(directory, 0o700);
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
        waitingText -= next.text.length;
        await writeOne(next.name, next.text);
        sinceSweep++;
        const due = performance.now() - sweptAt > sweepEveryMs || sinceSweep >= sweepEvery;
        if (due) await sweep();
      }
    } catch (error) {
      waiting.length = 0;
      waitingText = 0;
      const code = error instanceof Error && "code" in error ? String(error.code) : "failed";
      onTrouble(`traces cannot be written to ${directory} (${code})`);
    }
    working = null;
  }

  return {
    write(startedAt, id, text) {
      // One alone always fits.
      const isTooMuch = waiting.length > 0 && waitingText + text.length > mostWaitingText;
      if (waiting.length >= mostWaiting || isTooMuch) {
        onTrouble(`a trace was dropped: ${waiting.length} others wait for the disk`);
        return;
      }
      waitingText += text.length;
      waiting.push({ name: `${nameTime(startedAt)}-${id}.json`, text });
      working ??= work();
    },
    async close() {
      await working;
    },
  };
}

/** An ISO time without characters that some file systems do not allow. */
const nameTime = (time: number): string => new Date(time).toISOString().replace(/[:.]/g, "-");
