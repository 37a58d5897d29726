import { scheduleBackups } from "./backup/backup-schedule.ts";
import type { Ledger, UserTotals } from "./ledger/ledger.ts";
import { openAccounts } from "./ledger/open-accounts.ts";
import { type ChangeLog, openChangeLog } from "./ledger/upkeep/change-log.ts";
import type { LimitFields } from "./limits/limit-fields.ts";
import type { Limits } from "./limits/limits.ts";
import { openLimits } from "./limits/open-limits.ts";
import { createRenewedLimits, type RenewedLimits } from "./limits/renewed-limits.ts";
import { keptFilesOf, notedSettings } from "./serve-options.ts";
import type { Settings } from "./settings/settings-table.ts";
import type { Telemetry } from "./telemetry/events.ts";

export type AccountsParts = {
  readonly version: string;
  readonly settingsReport?: object;
  readonly configFile?: string | null;
  readonly settings: Settings;
  readonly telemetry: Telemetry;
};

/** The ledger, and what keeps it in order; part of the composition root. */
export async function openLedgerOf(
  { settings, settingsReport, telemetry, version, configFile = null }: AccountsParts,
  opening: AsyncDisposableStack,
): Promise<{ ledger: Ledger; changes: ChangeLog }> {
  const kept = keptFilesOf(settings, configFile);
  const { ledgerTrouble: onTrouble, ledgerRecovered: onRecovery, rowsForgotten } = telemetry;
  const calls = { onTrouble, onRecovery, onForgotten: rowsForgotten };
  const ledger = await openAccounts({ ...settings, ...calls });
  opening.defer(() => ledger.shutdown());
  opening.use(
    scheduleBackups({
      ...{ kept, version, atMinute: settings.backupDaily, keep: settings.backupKeep },
      ...{ onMade: telemetry.backupMade, onTrouble: telemetry.backupTrouble },
    }),
  );
  const noted = notedSettings(settingsReport, settings.databaseUrl !== null);
  const changes = opening.use(
    await openChangeLog({
      ...{ store: ledger.changes, settings: noted, onChange: telemetry.changed, onTrouble },
    }),
  );
  return { ledger, changes };
}

/** The limits, over what the ledger remembers. */
export const limitsOver = (
  ledger: Ledger,
  { settings, telemetry }: AccountsParts,
  rateLimit: LimitFields | null,
): RenewedLimits => {
  const open = (): Limits =>
    openLimits({
      ...settings,
      rateLimit,
      history: (user, since, apart) => ledger.windowCounts(user, since, Date.now(), apart),
      historyOfKey: (keyId, since) => ledger.keyCounts(keyId, since),
      onTrouble: telemetry.limitsTrouble,
    });
  // A gateway that is alone counts all the time, and pays for no second layer.
  return settings.clusterSecret === null ? { ...open(), renew() {} } : createRenewedLimits(open);
};

/** Of a database of several gateways nothing: each would begin with the totals of all. */
export const seedOf = async ({ settings }: AccountsParts, ledger: Ledger): Promise<UserTotals[]> =>
  settings.databaseUrl === null ? await ledger.totals() : [];
