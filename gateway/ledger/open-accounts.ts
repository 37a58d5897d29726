import { type Ledger, openLedger } from "./ledger.ts";
import { keepRows } from "./upkeep/row-keeper.ts";

export type AccountsOptions = {
  /** See LedgerOptions. */
  readonly onTrouble: (message: string) => void;
  readonly onRecovery: () => void;
  /** The PostgreSQL database; null: the accounts are in the file. */
  readonly databaseUrl: string | null;
  readonly databaseFile: string;
  readonly databaseIfDamaged: "stop" | "new";
  /** Rows of today and of this many days before stay; null: all rows stay. */
  readonly ledgerKeepDays: number | null;
  /** Called with the number of rows that were removed by their age. */
  readonly onForgotten: (rows: number) => void;
};

/** Rows wait here for PostgreSQL, beside where the ledger would be. */
const spoolOf = (databaseFile: string): string => `${databaseFile}.spool`;

/**
 * The accounts, where the settings want them, with what removes old rows. PostgreSQL's part is
 * loaded only if it is used. Rejects with an Error with one line (what, reason, remedy) if they
 * cannot be opened.
 */
export async function openAccounts(options: AccountsOptions): Promise<Ledger> {
  const { databaseUrl: url, databaseFile: file, databaseIfDamaged: ifDamaged } = options;
  const { ledgerKeepDays: days, onTrouble, onRecovery, onForgotten } = options;
  if (url === null) {
    const ledger = openLedger({ file, ifDamaged, onTrouble, onRecovery });
    const keeper = keepRows({ file, days, onTrouble, onForgotten });
    return {
      ...ledger,
      async shutdown() {
        await keeper[Symbol.asyncDispose]();
        await ledger.shutdown();
      },
    };
  }
  const { openPostgresLedger } = await import("./postgres/open-postgres-ledger.ts");
  return await openPostgresLedger({
    ...{ url, spoolFile: spoolOf(file), ifDamaged, keepDays: days },
    ...{ onTrouble, onRecovery, onForgotten },
  });
}
