import type { LocalKeeperParts } from "../../generation/local-keeper.ts";
import { unlimited } from "../../limits/reservation.ts";

/** What a keeper has beside its lines, for tests of lines alone: no limits, no rows, no telemetry. */
export const bareKeeperParts: Omit<LocalKeeperParts, "lineAt" | "underway"> = {
  draining: () => false,
  limits: { recall: () => null, reserve: () => unlimited, adopt: () => unlimited },
  ledger: { open: () => {}, waits: () => {}, close: async () => {} },
  affinity: { preferred: () => null, remember: () => {} },
  health: { began: () => {}, ended: () => {} },
  telemetry: { tookTurn: () => {}, waited: () => {}, internalError: () => {} },
};
