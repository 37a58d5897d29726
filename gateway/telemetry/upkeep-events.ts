import type { Logger } from "pino";
import type { Notices } from "./notices.ts";
import { shownText, told } from "./shown-text.ts";

/** What happens to the accounts and to what keeps them in order. */
export type UpkeepEvents = {
  ledgerTrouble(message: string): void;
  ledgerRecovered(): void;
  /** So many rows were removed because of their age. */
  rowsForgotten(rows: number): void;
  /** The gateway has made its daily backup, in this file. */
  backupMade(name: string): void;
  backupTrouble(message: string): void;
  /** An administrator changed something. `before` and `after` hold no key. */
  changed(change: ChangedEvent): void;
};

type ChangedEvent = {
  readonly who: string;
  readonly action: string;
  readonly subject: string;
  readonly before: unknown;
  readonly after: unknown;
};

/** Characters of what is told of a state. */
const longestState = 1_000;

export function createUpkeepEvents(
  logger: Pick<Logger, "info" | "error">,
  notices: Pick<Notices, "ledger" | "backup"> | null = null,
): UpkeepEvents {
  return {
    ledgerTrouble(trouble) {
      logger.error({ trouble: told(trouble) }, "ledger");
      notices?.ledger(trouble);
    },
    ledgerRecovered() {
      logger.info("ledger: all waiting rows are written");
      notices?.ledger(null);
    },
    rowsForgotten: (rows) => logger.info({ rows }, "ledger: old rows were removed"),
    backupMade(file) {
      logger.info({ file: told(file) }, "backup");
      notices?.backup(null);
    },
    backupTrouble(trouble) {
      logger.error({ trouble: told(trouble) }, "backup");
      notices?.backup(trouble);
    },
    changed({ who, action, subject, before, after }) {
      const [was, is] = [stateText(before), stateText(after)];
      logger.info(
        { who: told(who), action: told(action), subject: told(subject), before: was, after: is },
        "change",
      );
    },
  };
}

const stateText = (state: unknown): string | null =>
  state === null ? null : shownText(JSON.stringify(state) ?? "", longestState);
