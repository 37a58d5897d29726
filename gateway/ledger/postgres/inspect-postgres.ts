import { type UsageQuery, UsageQueryError, type UsageSummary } from "../usage-report.ts";
import { createClient, createConnections, explainPostgres } from "./connect.ts";
import { postgresUsage } from "./postgres-usage.ts";
import { verifyPostgres } from "./verify-postgres.ts";

/** What a database of accounts holds, or why it cannot be used. */
export type PostgresInspection =
  | { readonly state: "unusable"; readonly reason: string }
  | {
      readonly state: "whole";
      readonly server: string;
      /** Generations that have a row; null: no gateway has used the database yet. */
      readonly rows: number | null;
      /** Sums that differ from the rows, without those that name no upstream, which have none. */
      readonly wrongSums: number;
    };

/** Looks at the database without changing it; gateways may use it meanwhile. Never rejects. */
export async function inspectPostgres(url: string): Promise<PostgresInspection> {
  const client = createClient(url);
  client.on("error", () => {});
  try {
    await client.connect();
    const version = await client.query<{ server_version: string }>("SHOW server_version");
    const server = `PostgreSQL ${version.rows[0]?.server_version.split(" ")[0]}`;
    const there = await client.query("SELECT to_regclass('llm_gateway_schema') AS name");
    if (there.rows[0]?.name === null) return { state: "whole", server, rows: null, wrongSums: 0 };
    // Rows and sums of one moment.
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    const counted = await client.query<{ rows: number }>(
      "SELECT count(*) AS rows FROM generations",
    );
    const faults = await verifyPostgres(client);
    const ours = faults.filter((line) => !line.includes('"upstream":""'));
    return {
      ...{ state: "whole", server, rows: counted.rows[0]?.rows ?? 0, wrongSums: ours.length },
    };
  } catch (error) {
    return { state: "unusable", reason: explainPostgres(error) };
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * A report for the command line.
 * @throws Error with one line; UsageQueryError for a report that cannot be made
 */
export async function readPostgresReport(url: string, query: UsageQuery): Promise<UsageSummary> {
  const connections = createConnections(url);
  try {
    return await postgresUsage(connections.reading, query);
  } catch (error) {
    if (error instanceof UsageQueryError) throw error;
    const isEmpty = error instanceof Error && "code" in error && error.code === "42P01";
    const reason = isEmpty ? "no gateway has used it yet" : explainPostgres(error);
    throw new Error(`cannot read the ledger of DATABASE_URL: ${reason}`, { cause: error });
  } finally {
    await connections.end();
  }
}
