import { addressTowardsPostgres } from "../../ledger/postgres/address-towards.ts";
import type { HostPort } from "./address.ts";

/**
 * Where this gateway listens for the others.
 * @param url - CLUSTER_URL; null: the address from which it reaches the database, and a free port
 * @throws Error with one line if that cannot be found out
 */
export async function ownPlace(url: HostPort | null, databaseUrl: string): Promise<HostPort> {
  if (url !== null) return url;
  return { host: await addressTowardsPostgres(databaseUrl), port: 0 };
}
