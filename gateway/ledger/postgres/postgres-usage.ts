import type { Pool, PoolClient } from "pg";
import { sumColumns } from "../rollups.ts";
import {
  mostLines,
  planUsage,
  type Stretch,
  summaryOf,
  summedColumn,
  type UsageGroup,
  type UsageLine,
  type UsagePlan,
  type UsageQuery,
  type UsageSummary,
} from "../usage-report.ts";
import { reportMs } from "./connect.ts";
import { quoted } from "./row-columns.ts";

type Value = string | number | readonly (string | number)[];

/**
 * The report of `usageReport`, from PostgreSQL. Days and hours are named by the runtime's time zones,
 * not the database's, so that both stores give the same answer.
 * @throws UsageQueryError if the report would be too long, or needs hours that are gone
 */
export async function postgresUsage(db: Pool, query: UsageQuery): Promise<UsageSummary> {
  const plan = planUsage(query);
  if (plan.stretches.length === 0) return summaryOf(plan, []);
  const client = await db.connect();
  let fault: Error | undefined;
  try {
    // One moment of the accounts for both statements.
    await client.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    // Here and not for the connection: a pooler between (PgBouncer) refuses that.
    await client.query(`SET LOCAL statement_timeout = ${reportMs}`);
    const lines = await linesOf(client, plan, query);
    await client.query("COMMIT");
    return summaryOf(plan, lines);
  } catch (error) {
    // A connection within a failed transaction is not used again.
    fault = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(fault);
  }
}

async function linesOf(
  client: PoolClient,
  plan: UsagePlan,
  query: UsageQuery,
): Promise<UsageLine[]> {
  const { groups } = query;
  const values: Value[] = [];
  const mark = (value: Value): string => `$${values.push(value)}`;
  const isTimed = groups.includes("day") || groups.includes("hour");
  const parts: string[] = [];
  for (const stretch of plan.stretches) {
    const range = rangeOf(stretch, query, mark);
    const isNamed = isTimed && stretch.table === "quarters";
    const named = isNamed ? await namesOf(client, plan, stretch, query) : null;
    const selected = [
      ...groups.map((group) => `${expressionOf(group, stretch.table)} AS ${quoted(group)}`),
      ...sumColumns,
    ];
    const times =
      named === null
        ? ""
        : `JOIN unnest(${mark(named.quarters)}::bigint[], ${mark(named.days)}::text[],
            ${mark(named.hours)}::text[]) AS named(quarter, local_day, local_hour) USING (quarter)`;
    parts.push(`SELECT ${selected.join(", ")} FROM ${stretch.table} ${times} WHERE ${range}`);
  }
  const numbers = groups.map((_, index) => index + 1).join(", ");
  const order = groups.length === 0 ? "" : `GROUP BY ${numbers} ORDER BY ${numbers}`;
  const columns = [...groups.map(quoted), ...sumColumns.map(summedColumn)];
  const { rows } = await client.query<UsageLine>(
    `SELECT ${columns.join(", ")} FROM (${parts.join(" UNION ALL ")}) AS lines
     ${order} LIMIT ${mostLines + 1}`,
    values,
  );
  return rows;
}

/** The stretch, and the user if it is of one. */
function rangeOf(
  { table, from, to }: Stretch,
  { user }: UsageQuery,
  mark: (value: Value) => string,
): string {
  const time = table === "rollups" ? "day" : "quarter";
  const ofUser = user === null ? "" : ` AND "user" = ${mark(user)}`;
  return `${time} >= ${mark(from)} AND ${time} < ${mark(to)}${ofUser}`;
}

function expressionOf(group: UsageGroup, table: Stretch["table"]): string {
  const isNamed = table === "quarters" && (group === "day" || group === "hour");
  // The names have the order of their bytes, as all texts of the tables.
  return isNamed ? `local_${group} COLLATE "C"` : quoted(group);
}

type Named = { quarters: number[]; days: string[]; hours: string[] };

/** The local day and hour of each quarter hour that has a line. */
async function namesOf(
  client: PoolClient,
  { zone }: UsagePlan,
  stretch: Stretch,
  query: UsageQuery,
): Promise<Named> {
  const values: Value[] = [];
  const range = rangeOf(stretch, query, (value) => `$${values.push(value)}`);
  const { rows } = await client.query<{ quarter: number }>(
    `SELECT DISTINCT quarter FROM quarters WHERE ${range}`,
    values,
  );
  const quarters = rows.map(({ quarter }) => quarter);
  return {
    quarters,
    days: quarters.map((quarter) => zone.dayOf(quarter)),
    hours: quarters.map((quarter) => zone.hourOf(quarter)),
  };
}
