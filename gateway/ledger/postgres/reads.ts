import type { Pool, QueryResultRow } from "pg";
import { GatewayError } from "../../errors.ts";
import { type FoundGeneration, findGeneration, foundGeneration } from "../generations.ts";
import type { LedgerStore } from "../recorder.ts";
import { type FoundRequest, pageOf, type RequestsQuery, requestColumns } from "../requests-page.ts";
import { quarterMs } from "../rollups.ts";
import { type Spent, sumSpent } from "../spent.ts";
import { sumTotals, type UserTotals } from "../totals.ts";
import { UsageQueryError } from "../usage-report.ts";
import {
  type DayCount,
  joinCounts,
  planWindow,
  type WindowCount,
  windowSql,
} from "../window-counts.ts";
import { cleanText } from "./clean-text.ts";
import { explainPostgres } from "./connect.ts";
import { createPostgresChanges } from "./postgres-changes.ts";
import { postgresUsage } from "./postgres-usage.ts";

type Value = string | number;

/** What is read of the accounts, in the shapes of the SQLite ledger. */
export type PostgresReads = Pick<
  LedgerStore,
  "totals" | "windowCounts" | "keyCounts" | "find" | "spent" | "reports" | "changes"
>;

export type PostgresReadsOptions = {
  db: Pool;
  /** Waits for rows of this gateway that are on their way, for so long. */
  flush(patienceMs: number): Promise<void>;
  /** True while the database takes no rows; it may still answer. */
  isAway(): boolean;
  onTrouble: (message: string) => void;
};

/** Reads that wait for a connection, at most. */
const mostWaiting = 100;

/** The marks of SQLite as those of PostgreSQL. */
const numbered = (sql: string): string => {
  let count = 0;
  return sql.replaceAll("?", () => `$${++count}`);
};

export function createPostgresReads(options: PostgresReadsOptions): PostgresReads {
  const { db } = options;
  const changes = createPostgresChanges(db);
  const asked = <T>(read: () => Promise<T>): Promise<T> => askedBy(options, read);
  const counted = (read: () => Promise<WindowCount[]>) => countedBy(options, read);
  return {
    totals: () => asked(() => rowsOf<UserTotals>(db, sumTotals)),
    windowCounts: (user, since, now, apart) =>
      counted(async () => {
        const plan = planWindow(since, now, apart);
        const [started, ended, days] = await Promise.all([
          rowsOf<WindowCount>(db, windowSql.started, user, ...plan.rows),
          rowsOf<WindowCount>(db, windowSql.ended, user, ...plan.rows),
          plan.days === null ? [] : rowsOf<DayCount>(db, windowSql.days, user, ...plan.days),
        ]);
        return joinCounts([...started, ...ended], days);
      }),
    keyCounts: (keyId, since) =>
      counted(() => rowsOf<WindowCount>(db, windowSql.ofKey, Math.floor(since / quarterMs), keyId)),
    find: (user, id) =>
      asked(async () => {
        const [found] = await rowsOf<FoundGeneration>(
          db,
          findGeneration,
          user,
          user,
          cleanText(id),
        );
        return foundGeneration(found);
      }),
    spent: (user, since) =>
      asked(async () => {
        const day = new Date(since).toISOString().slice(0, 10);
        const [spent] = await rowsOf<Spent>(db, sumSpent, user, day);
        return spent ?? { requests: 0, input: 0, output: 0, cost: 0 };
      }),
    reports: {
      usage: (query) => asked(() => postgresUsage(db, query)),
      requests: (query) => asked(async () => pageOf(await requestsOf(db, query), query.limit)),
    },
    changes: { ...changes, page: (query) => asked(() => changes.page(query)) },
  };
}

async function rowsOf<T extends QueryResultRow>(
  db: Pool,
  sql: string,
  ...values: Value[]
): Promise<T[]> {
  return (await db.query<T>(numbered(sql), values)).rows;
}

/** How long anybody waits for a database that may be away. Milliseconds. */
const patienceMs = 2_000;

/** How long a report waits for the newest rows, so that they are in it. Milliseconds. */
const reportPatienceMs = 5_000;

/** Rejects if the answer takes too long; it is not used then. */
async function within<T>(reading: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("timeout")), patienceMs);
  try {
    return await Promise.race([reading, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** A read for a person: its own rows are in it, and a database that is away is a 503. */
async function askedBy<T>(
  { db, flush, isAway }: PostgresReadsOptions,
  read: () => Promise<T>,
): Promise<T> {
  if (db.waitingCount >= mostWaiting) throw busy("too many reports are being made");
  await flush(reportPatienceMs);
  try {
    return await (isAway() ? within(read()) : read());
  } catch (error) {
    if (error instanceof UsageQueryError) throw new GatewayError("invalid_request", error.message);
    throw busy(error instanceof Error ? error.message : String(error));
  }
}

/** For limits; a request waits for them. Null: they are not known now. */
async function countedBy(
  { flush, onTrouble }: PostgresReadsOptions,
  read: () => Promise<WindowCount[]>,
): Promise<WindowCount[] | null> {
  try {
    await flush(patienceMs);
    return await within(read());
  } catch (error) {
    onTrouble(`the ledger cannot be read for limits: ${explainPostgres(error)}`);
    return null;
  }
}

function requestsOf(db: Pool, { user, limit, before }: RequestsQuery): Promise<FoundRequest[]> {
  const older = before === null ? "" : "AND (started_at, number) < (?, ?)";
  return rowsOf<FoundRequest>(
    db,
    `SELECT ${requestColumns} FROM generations WHERE "user" = ? ${older}
     ORDER BY started_at DESC, number DESC LIMIT ?`,
    ...[user, ...(before === null ? [] : [before.startedAt, before.number]), limit + 1],
  );
}

function busy(reason: string): GatewayError {
  const text = "The ledger is busy. Try again in a few seconds.";
  return new GatewayError("ledger_busy", text, {
    headers: { "retry-after": "5" },
    cause: new Error(reason),
  });
}
