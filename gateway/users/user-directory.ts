import { createFreshBytes } from "./fresh-bytes.ts";
import { emptySnapshot, parseUsers, type Snapshot, snapshotOfApiKey } from "./snapshot.ts";

type UserDirectoryState = {
  /** False while the file is broken and an earlier reading is in force. */
  ok: boolean;
  /** One line without any key, or null. */
  error: string | null;
  keys: number;
  users: number;
  /** Who says who exists. */
  source: "file" | "api_key" | "nobody";
};

export type UserDirectory = {
  /**
   * Who exists now; call it for every request. Synchronous, and never throws. Calls in one turn of
   * the event loop share a look at the file: their requests had all arrived before it.
   */
  read(): Snapshot;
  state(): UserDirectoryState;
};

export type UserDirectoryOptions = {
  file: string;
  /** The one key while there is no file; null = nobody. */
  apiKey: string | null;
  apiUser: string;
  /** Told once for each change: what is wrong, in one line, or null when it is mended. */
  onTrouble?: (message: string | null) => void;
  /** Which turn of the event loop this is. */
  turn?: () => number;
};

/**
 * Asking costs 0.05 µs, a look at the file 12 under load, where some 16 requests come in one turn.
 * What is ready to be read when a turn begins was sent before it, so no edit before it is missed.
 */
const turnOfLoop = (): number => performance.nodeTiming.uvMetricsInfo.loopCount;

/**
 * The users file, live: an edit counts from the next `read`. A broken file changes nothing, since
 * half a file must not lock out those who had access.
 * @throws Error with one line when the file exists and is unreadable, empty or broken: at the start
 * there is no earlier reading to go on with
 */
export function createUserDirectory(options: UserDirectoryOptions): UserDirectory {
  const { file, apiKey, apiUser, onTrouble, turn = turnOfLoop } = options;
  const bytes = createFreshBytes(file);
  const withoutFile = apiKey === null ? emptySnapshot() : snapshotOfApiKey(apiKey, apiUser);
  let inForce: Snapshot = withoutFile;
  let isFromFile = false;
  let trouble: string | null = null;
  let lookedIn = Number.NaN;

  function refresh(): void {
    const seen = bytes.look();
    if (seen === "same") return;
    inForce = seen === "missing" ? withoutFile : parseUsers(decode(seen));
    isFromFile = seen !== "missing";
    setTrouble(null);
  }

  function setTrouble(message: string | null): void {
    if (message === trouble) return;
    trouble = message;
    onTrouble?.(message);
  }

  function read(): Snapshot {
    const now = turn();
    if (now === lookedIn) return inForce;
    lookedIn = now;
    try {
      refresh();
    } catch (error) {
      setTrouble(describe(file, error));
    }
    return inForce;
  }

  function state(): UserDirectoryState {
    const source = isFromFile ? "file" : apiKey === null ? "nobody" : "api_key";
    const { keys, users } = inForce;
    return { ok: trouble === null, error: trouble, keys, users, source };
  }

  try {
    refresh();
  } catch (error) {
    throw new Error(describe(file, error));
  }
  return { read, state };
}

/** The text of a users file. @throws Error when it is not UTF-8 */
export function decode(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new Error("the file is not UTF-8 text");
  }
}

/** One line about a users file that cannot be used. */
export function describe(file: string, error: unknown): string {
  if (!(error instanceof Error)) return `users file ${file}: unreadable`;
  const code = "code" in error && typeof error.code === "string" ? error.code : null;
  const reason = code === null ? error.message : `cannot be read (${code})`;
  return `users file ${file}: ${reason}`;
}
