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
} as const;
