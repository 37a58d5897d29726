import { rowsKeptFrom } from "./forget-rows.ts";
import type { ForgetTask } from "./forget-worker.ts";
import { type WorkApart, workApart } from "./work-apart.ts";

export type RowKeeperOptions = {
  /** The path of the ledger's file. */
  readonly file: string;
  /** Rows of today and of this many days before stay; null: all rows stay. */
  readonly days: number | null;
  readonly everyMs?: number;
  /** Epoch ms. */
  readonly now?: () => number;
  /** Called with the number of removed rows, if there were any. */
  readonly onForgotten: (rows: number) => void;
  /** Called with a line for the log. */
  readonly onTrouble: (message: string) => void;
};

/** Removes old rows at the start and then every hour; a failure is tried again after an hour. */
export function keepRows(options: RowKeeperOptions): AsyncDisposable {
  const { file, days, everyMs = 3_600_000, now = Date.now, onForgotten, onTrouble } = options;
  if (days === null) return { [Symbol.asyncDispose]: async () => {} };
  let work: WorkApart<number> | null = null;
  let isOver = false;

  async function sweep(keptDays: number): Promise<void> {
    // A first sweep over years of rows may take longer than the hour.
    if (work !== null) return;
    const task: ForgetTask = { file, before: rowsKeptFrom(keptDays, now()) };
    try {
      work = workApart<number>(new URL("./forget-worker.ts", import.meta.url), task);
      const rows = await work.result;
      if (rows > 0) onForgotten(rows);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (!isOver) onTrouble(`old rows could not be removed (LEDGER_KEEP_DAYS): ${reason}`);
    } finally {
      work = null;
    }
  }

  void sweep(days);
  const timer = setInterval(() => void sweep(days), everyMs).unref();
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      clearInterval(timer);
      await work?.end();
    },
  };
}
