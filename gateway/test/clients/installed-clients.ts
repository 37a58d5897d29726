import { join } from "node:path";

/**
 * Where clients of other languages, and coding agents, are installed: they take gigabytes, and are no
 * part of the gateway.
 */
export const installedClients: string =
  process.env.CLIENTS_DIR ?? join(import.meta.dirname, "../../../.clients");

/** True in `npm run test:clients`, which installs all clients that this machine can have. */
export const triesAllClients: boolean = process.env.CLIENTS === "all";
