import { Roster, type RosterView } from "../roster.ts";
import { GroupCommit } from "./group-commit.ts";
import type { Ledger } from "./ledger.ts";
import { createOpenings } from "./openings.ts";
import type { Row } from "./row.ts";
import type { RefusedRow } from "./row-writer.ts";

/** Where rows are kept: a file, or a database on another machine. */
export type LedgerStore = Pick<
  Ledger,
  "totals" | "windowCounts" | "keyCounts" | "find" | "spent" | "reports" | "changes"
> & {
  /** Takes rows in one transaction on this machine's disk. Throws if it can take none of them now. */
  write(rows: readonly Row[]): RefusedRow[];
  /** After each commit: its rows, and those that still wait for one. */
  committed(rows: number, waiting: number): void;
  /** Looks whether all is as it was; `isLast` before the end. Never rejects. */
  look(isLast?: boolean): Promise<void>;
  state(): StoreState;
  close(): Promise<void>;
};

export type StoreState = {
  /** Why rows do not arrive; null if they do. */
  readonly trouble: string | null;
  readonly notice: string | null;
  /** Rows on this machine's disk that wait for a database elsewhere, how many may, and those lost. */
  readonly waiting: number;
  readonly mayWait: number;
  readonly lost: number;
};

export type RecorderOptions = {
  spoolLimit?: number | undefined;
  patienceMs?: number | undefined;
  drainMs?: number | undefined;
  /** How long an opening waits for its closing, to be written as one row. Milliseconds. */
  openingDelayMs?: number | undefined;
  /** Called with a line for the log when rows begin to wait and when a row is lost. */
  onTrouble?: ((message: string) => void) | undefined;
  /** Called when all waiting rows are written. */
  onRecovery?: (() => void) | undefined;
  /** Milliseconds between two looks at the store. */
  lookEveryMs?: number | undefined;
};

/** What a store gets: the rows whose generations run, and what it calls when it is ready again. */
export type StoreParts = {
  readonly running: RosterView<Row>;
  /** Rows can be written again, after a time in which they could not. */
  onReady(): void;
};

/**
 * Keeps the accounts in a store: one row for each accepted generation, committed in one group a turn
 * of the event loop; one that ends within `openingDelayMs`, and never waits, is written once, whole.
 */
export function createRecorder(
  options: RecorderOptions,
  openStore: (parts: StoreParts) => LedgerStore,
): Ledger {
  const { spoolLimit = 10_000, patienceMs = 200, drainMs = 3000 } = options;
  const { openingDelayMs = 5, lookEveryMs = 5_000 } = options;
  const { onTrouble = () => {}, onRecovery = () => {} } = options;
  const running = new Roster<Row>();
  // Openings that are in no file, written so that a crash from now on finds them.
  const writeOpen = (): void => {
    for (const row of running.values()) if (!row.stored) commits.add(row);
  };
  const store = openStore({ running, onReady: writeOpen });
  const commits = new GroupCommit({
    write: (rows) => store.write(rows),
    spoolLimit,
    patienceMs,
    onTrouble,
    onCommit: (rows, waiting) => store.committed(rows, waiting),
    onRecovery() {
      writeOpen();
      onRecovery();
    },
  });
  const openings = createOpenings((row) => commits.add(row), openingDelayMs);
  const looking = setInterval(() => void store.look(), lookEveryMs).unref();
  let closed: Promise<void> | null = null;

  async function shut(): Promise<void> {
    clearInterval(looking);
    openings.flush();
    // Rows in a file that was deleted a moment ago would be gone with its descriptor.
    await store.look(true);
    const lost = await commits.drain(drainMs);
    if (lost > 0) onTrouble(`the ledger closes and loses ${lost} rows that it could not write`);
    await store.close();
  }

  return {
    open(opening) {
      if (closed !== null) return;
      const row: Row = { opening, closing: null, queued: false, stored: false, number: 0 };
      running.set(opening.id, row);
      openings.hold(row);
    },
    waits(id) {
      const row = running.get(id);
      if (row !== undefined && !row.stored && closed === null) commits.add(row);
    },
    close(id, closing) {
      const row = running.get(id);
      if (row !== undefined && closed === null) {
        running.delete(id);
        row.closing = closing;
        commits.add(row);
      }
      return commits.settled();
    },
    ...readsOf(store),
    state: () => stateOf(commits, store, spoolLimit),
    shutdown() {
      closed ??= shut();
      return closed;
    },
  };
}

const readsOf = (
  store: LedgerStore,
): Omit<Ledger, "open" | "waits" | "close" | "state" | "shutdown"> => ({
  totals: () => store.totals(),
  windowCounts: (...asked) => store.windowCounts(...asked),
  keyCounts: (keyId, since) => store.keyCounts(keyId, since),
  find: (user, id) => store.find(user, id),
  spent: (user, since) => store.spent(user, since),
  reports: store.reports,
  changes: store.changes,
});

function stateOf(
  commits: GroupCommit,
  store: LedgerStore,
  spoolLimit: number,
): ReturnType<Ledger["state"]> {
  const { spooled, dropped, error: stuck } = commits.state();
  const { trouble, notice, waiting, mayWait, lost } = store.state();
  const error = stuck ?? trouble;
  return {
    ok: error === null,
    spooled: spooled + waiting,
    spoolLimit: spoolLimit + mayWait,
    dropped: dropped + lost,
    error,
    notice,
  };
}
