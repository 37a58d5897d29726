import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { ClusterView, Election } from "../election.ts";
import { explainPostgres } from "./connect.ts";

export type ElectionOptions = {
  /** `postgres://user:password@host/database`, with the ledger's tables. */
  url: string;
  /** How long a keeper's lease is. Milliseconds, by the clock of the database. */
  leaseMs: number;
  /** How long a call may take, its connection included. Milliseconds. */
  patienceMs?: number;
};

// Whatever is compared with a time is compared after the lock of its row was waited for.

/** $1 holder, $2 address, $3 lease in ms, $4 number of the question */
const campaigning = `
  INSERT INTO keeper AS k (holder, address, term, until, asked)
  VALUES ($1, $2, 1, clock_timestamp() + $3 * interval '1 ms', $4)
  ON CONFLICT (pool) DO UPDATE SET
    holder = excluded.holder,
    address = excluded.address,
    term = CASE WHEN k.holder = excluded.holder THEN k.term ELSE k.term + 1 END,
    until = clock_timestamp() + $3 * interval '1 ms',
    asked = excluded.asked
  WHERE CASE WHEN k.holder = excluded.holder THEN k.asked < excluded.asked
    ELSE k.until < clock_timestamp() END
  RETURNING term`;

/**
 * FOR SHARE waits for an election that is under way, and then sees its term; an election waits for
 * this. So a new keeper sees all that was held under the terms before.
 */
const holding = `
  WITH term AS (SELECT 1 FROM keeper WHERE pool = 'all' AND term = $3 FOR SHARE)
  UPDATE gateways SET holds = $2, held_term = $3, held_number = $4
  WHERE gateway = $1 AND (held_term, held_number) < ($3, $4) AND EXISTS (SELECT 1 FROM term)`;

const entering = `
  INSERT INTO gateways AS g (gateway, address, version, asked) VALUES ($1, $2, $3, $4)
  ON CONFLICT (gateway) DO UPDATE SET address = excluded.address, version = excluded.version,
    seen = clock_timestamp(), asked = excluded.asked
  WHERE g.asked < excluded.asked`;

const resigning = `
  UPDATE keeper SET until = clock_timestamp(), asked = $2
  WHERE pool = 'all' AND holder = $1 AND asked < $2`;

/** One statement, so that both tables are of one moment. */
const looking = `
  SELECT
    (SELECT json_build_object('holder', holder, 'address', address, 'term', term,
      'lapsed', until < clock_timestamp()) FROM keeper WHERE pool = 'all') AS keeper,
    (SELECT coalesce(json_agg(json_build_object('gateway', gateway, 'address', address,
      'version', version, 'holds', holds) ORDER BY gateway), '[]') FROM gateways) AS gateways`;

/**
 * The rows by which gateways agree, in PostgreSQL; one of these for each process. It connects at the
 * first call. Every call rejects with a one-line Error, without a password, within `patienceMs`.
 *
 * A call that was given up may still reach the database later. So each call has a number, and a row
 * takes no word of a gateway that is older than its last one. Of two calls at once that write the
 * same row, the older one may be refused.
 */
export function createElection(options: ElectionOptions): Election & { close(): Promise<void> } {
  const { url, leaseMs, patienceMs = 2_000 } = options;
  const pool = openPool(url, patienceMs);
  let number = 0;
  const ask = <Row extends pg.QueryResultRow>(
    text: string,
    values: unknown[] = [],
  ): Promise<pg.QueryResult<Row>> => askWithin(pool, patienceMs, { text, values });
  const next = (): number => {
    number += 1;
    return number;
  };
  return {
    async campaign({ gateway, address }) {
      const values = [gateway, address, leaseMs, next()];
      const { rows } = await ask<{ term: string }>(campaigning, values);
      return rows[0] === undefined ? null : Number(rows[0].term);
    },
    async resign(gateway) {
      await ask(resigning, [gateway, next()]);
    },
    async look() {
      const { rows } = await ask<ClusterView>(looking);
      return { keeper: rows[0]?.keeper ?? null, gateways: rows[0]?.gateways ?? [] };
    },
    async enter({ gateway, address, version }) {
      await ask(entering, [gateway, address, version, next()]);
    },
    async hold(gateway, holds, term) {
      const { rowCount } = await ask(holding, [gateway, JSON.stringify(holds), term, next()]);
      return rowCount === 1;
    },
    async forget(gateways) {
      await ask("DELETE FROM gateways WHERE gateway = ANY($1)", [gateways]);
    },
    async close() {
      // A database that hangs does not hold up the end.
      await Promise.race([pool.end(), sleep(1_000, undefined, { ref: false })]);
    },
  };
}

function openPool(url: string, patienceMs: number): pg.Pool {
  const pool = new pg.Pool({
    ...{ connectionString: url, application_name: "llm-gateway cluster", keepAlive: true },
    ...{ max: 2, idleTimeoutMillis: 60_000, connectionTimeoutMillis: patienceMs },
    // The database gives up, too: what waits for a lock would else keep its connection.
    statement_timeout: patienceMs,
  });
  pool.on("error", () => {
    // An idle connection has ended, as at a restart of the database.
  });
  // One that ends between two statements of its user would end the process.
  pool.on("connect", (client) => client.on("error", () => {}));
  return pool;
}

/** One statement: connecting and asking take `patienceMs` together. */
async function askWithin<Row extends pg.QueryResultRow>(
  pool: pg.Pool,
  patienceMs: number,
  query: { text: string; values: unknown[] },
): Promise<pg.QueryResult<Row>> {
  const end = performance.now() + patienceMs;
  try {
    const client = await pool.connect();
    let fault: Error | undefined;
    try {
      const left = Math.max(1, Math.ceil(end - performance.now()));
      // Its type does not know the time of a single query.
      const timed = { ...query, query_timeout: left };
      return await client.query<Row>(timed);
    } catch (error) {
      fault = error instanceof Error ? error : new Error(String(error));
      throw fault;
    } finally {
      // A connection with an answer under way is of no use to the next call.
      client.release(fault);
    }
  } catch (error) {
    throw new Error(`the database of DATABASE_URL: ${explainPostgres(error)}`, { cause: error });
  }
}
