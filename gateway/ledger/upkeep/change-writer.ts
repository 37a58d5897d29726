import type { ChangeStore } from "./change-store.ts";
import type { AdminChange } from "./changes.ts";

/** Writes changes to the ledger, in their order. */
export type ChangeWriter = {
  add(change: AdminChange): void;
  /** Resolves when all are written, or could not be. Never rejects. */
  settled(): Promise<void>;
  close(): Promise<void>;
};

/** Changes that wait for the disk, at most; a page that runs wild must not fill the memory. */
const mostWaiting = 1_000;

/**
 * One write at a time, of all that waits.
 * @param onTrouble - called with the reason, once until it works again
 * @param retryMs - until a failure is tried again
 */
export function createChangeWriter(
  store: Pick<ChangeStore, "write">,
  onTrouble: (error: unknown) => void,
  retryMs: number,
): ChangeWriter {
  let waiting: AdminChange[] = [];
  let writing: Promise<void> | null = null;
  let retry: NodeJS.Timeout | undefined;
  let isFailing = false;

  async function write(): Promise<void> {
    const changes = waiting.slice();
    try {
      await store.write(changes);
      waiting = waiting.slice(changes.length);
      isFailing = false;
    } catch (error) {
      if (!isFailing) onTrouble(error);
      isFailing = true;
    } finally {
      writing = null;
    }
    clearTimeout(retry);
    if (waiting.length > 0) retry = setTimeout(flush, isFailing ? retryMs : 0).unref();
  }

  const flush = (): void => {
    if (waiting.length > 0) writing ??= write();
  };

  async function settled(): Promise<void> {
    // What comes meanwhile is in the next write; what fails is not waited for.
    for (let tries = 0; tries < 3 && waiting.length > 0; tries++) {
      flush();
      await writing;
      if (isFailing) return;
    }
  }

  return {
    add(change) {
      if (waiting.length < mostWaiting) waiting.push(change);
      flush();
    },
    settled,
    async close() {
      await settled();
      clearTimeout(retry);
    },
  };
}
