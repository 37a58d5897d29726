import type { Socket } from "node:net";
import pg from "pg";
import { explainPostgres } from "./connect.ts";

/**
 * The address of this machine on the way to the database, where others that use the database may
 * reach it too; 127.0.0.1 if the database is on this machine. Rejects with a one-line Error.
 */
export async function addressTowardsPostgres(url: string): Promise<string> {
  const patience = { connectionTimeoutMillis: 2_000 };
  const client = new pg.Client({ connectionString: url, ...patience });
  client.on("error", () => {});
  try {
    await client.connect();
    // pg keeps its socket there; its types do not say so.
    const { connection } = client as unknown as { connection: { stream: Socket } };
    const address = connection.stream.localAddress ?? "127.0.0.1";
    return address.replace(/^::ffff:(?=\d+\.)/i, "");
  } catch (error) {
    throw new Error(`the database of DATABASE_URL: ${explainPostgres(error)}`, { cause: error });
  } finally {
    client.end().catch(() => {
      // It never came about.
    });
  }
}
