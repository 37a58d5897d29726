import type { ChangeStore } from "./change-store.ts";
import { createChangeWriter } from "./change-writer.ts";
import type { AdminChange, NotedSettings } from "./changes.ts";

/** The list of what administrators changed, in the log and in the ledger. */
export type ChangeLog = AsyncDisposable & {
  /** Adds a change. Never throws, and never waits for the disk. */
  note(change: Omit<AdminChange, "at">): void;
  /** Resolves when all that was noted is in the ledger, or could not be written. Never rejects. */
  settled(): Promise<void>;
};

export type ChangeLogOptions = {
  readonly store: ChangeStore;
  /** The values of the settings without secrets; null: they are not compared. */
  readonly settings: NotedSettings | null;
  /** Writes the line of the log. */
  readonly onChange: (change: AdminChange) => void;
  /** Called with a line for the log, once until it works again. */
  readonly onTrouble: (message: string) => void;
  /** Milliseconds until a failure is tried again. */
  readonly retryMs?: number;
};

/** Opens the list, and compares the settings with those of the last start. Never rejects. */
export async function openChangeLog(options: ChangeLogOptions): Promise<ChangeLog> {
  const { store, settings, onChange, retryMs = 10_000 } = options;
  const tellTrouble = (error: unknown): void => {
    const reason = error instanceof Error ? error.message : String(error);
    options.onTrouble(`what administrators changed is only in the log: ${reason}`);
  };
  const writer = createChangeWriter(store, tellTrouble, retryMs);
  const note: ChangeLog["note"] = (given) => {
    const change = { at: Date.now(), ...given };
    onChange(change);
    writer.add(change);
  };
  try {
    const different = settings === null ? null : await store.noteSettings(settings);
    const by = { who: "(start)", action: "settings.change", subject: "" };
    if (different !== null) note({ ...by, ...different });
  } catch (error) {
    tellTrouble(error);
  }
  return { note, settled: writer.settled, [Symbol.asyncDispose]: writer.close };
}
