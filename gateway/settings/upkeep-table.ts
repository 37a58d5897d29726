/** What the gateway does for its own accounts. */
export const upkeepTable = {
  ledgerKeepDays: {
    env: "LEDGER_KEEP_DAYS",
    about: "how many days before today the ledger keeps rows of requests; their sums stay for ever",
    kind: "keptDays",
    unset: "off",
    default: "off",
    example: "400",
  },
  backupDaily: {
    env: "BACKUP_DAILY",
    about: "the time of the gateway's own daily backup, on its clock; on is 04:00",
    kind: "timeOfDay",
    unset: "off",
    default: "off",
    example: "04:00",
  },
  backupKeep: {
    env: "BACKUP_KEEP",
    about: "how many daily backups stay",
    kind: "keptBackups",
    default: "7",
  },
} as const;
