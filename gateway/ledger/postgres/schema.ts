import type { ClientBase, Pool } from "pg";
import { keptFrom, quarterMs } from "../rollups.ts";
import { UnsuitableDatabase } from "./connect.ts";

/** The columns of both tables of sums, behind their time. */
const sumsByPlace = `"user" text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    model text COLLATE "C" NOT NULL,
    upstream text COLLATE "C" NOT NULL,
    dialect text COLLATE "C" NOT NULL,
    requests bigint NOT NULL,
    input_tokens bigint NOT NULL,
    output_tokens bigint NOT NULL,
    cached_tokens bigint NOT NULL,
    reasoning_tokens bigint NOT NULL,
    unmetered bigint NOT NULL,
    errors bigint NOT NULL,
    cancelled bigint NOT NULL,
    interrupted bigint NOT NULL,
    queue_ms bigint NOT NULL,
    upstream_ms bigint NOT NULL,
    duration_ms bigint NOT NULL,
    cost bigint NOT NULL,
    unpriced bigint NOT NULL`;

/** Position in this list + 1 is the version. Never edit one that was released. */
export const postgresMigrations: readonly string[] = [
  `
  -- The gateways. One counts as ended when its time is over.
  CREATE TABLE instances (
    id text PRIMARY KEY,
    host text NOT NULL,
    pid bigint NOT NULL,
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    until timestamptz NOT NULL,
    ended_at timestamptz
  );

  -- Texts are in the order of their bytes, as in SQLite. Numbered as they come; cost in nano-dollars.
  CREATE TABLE generations (
    number bigint GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" NOT NULL,
    request_id text COLLATE "C" NOT NULL,
    "user" text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    model text COLLATE "C",
    upstream text COLLATE "C" NOT NULL,
    dialect text COLLATE "C" NOT NULL,
    path text COLLATE "C" NOT NULL,
    streamed bigint NOT NULL,
    started_at bigint NOT NULL,
    instance text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL,
    status bigint,
    error_code text COLLATE "C",
    queue_ms bigint,
    first_token_ms bigint,
    upstream_ms bigint,
    duration_ms bigint,
    input_tokens bigint,
    output_tokens bigint,
    cached_tokens bigint,
    reasoning_tokens bigint,
    usage_source text COLLATE "C",
    upstream_id text COLLATE "C",
    cost bigint,
    served_model text COLLATE "C",
    PRIMARY KEY (id)
  );
  CREATE INDEX generations_user ON generations ("user", started_at, number);
  -- Rows come in the order of time, nearly: a few pages find the old ones.
  CREATE INDEX generations_started ON generations USING brin (started_at);
  CREATE INDEX generations_open ON generations (instance) WHERE state = 'open';

  -- The sums of UTC days, and of the quarter hours of the last 90 days.
  CREATE TABLE rollups (
    day text COLLATE "C" NOT NULL,
    ${sumsByPlace},
    PRIMARY KEY (day, "user", key, model, upstream, dialect)
  );
  CREATE INDEX rollups_user ON rollups ("user", day);
  CREATE TABLE quarters (
    quarter bigint NOT NULL,
    ${sumsByPlace},
    PRIMARY KEY (quarter, "user", key, model, upstream, dialect)
  );
  CREATE INDEX quarters_user ON quarters ("user", quarter);

  -- One line. rows_from: as in SQLite, the start of the day from which every row is here.
  CREATE TABLE kept (rows_from bigint NOT NULL);
  INSERT INTO kept VALUES (0);

  -- The SQLite ledgers from which sums without rows were copied, by a token of each.
  CREATE TABLE copies (
    source text PRIMARY KEY,
    copied_at timestamptz NOT NULL DEFAULT clock_timestamp()
  );
  `,
  `
  -- What administrators changed. before and after: JSON, null where there is none.
  CREATE TABLE changes (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at bigint NOT NULL,
    who text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    before text,
    after text
  );

  -- What was so at the last start: the settings of each machine without secrets, as JSON.
  CREATE TABLE noted (name text PRIMARY KEY, value text NOT NULL);
  `,
  `
  -- How far a ledger was copied: its rows and its changes by their numbers, and when its sums.
  ALTER TABLE copies ADD COLUMN rows_to bigint NOT NULL DEFAULT 0;
  ALTER TABLE copies ADD COLUMN changes_to bigint NOT NULL DEFAULT 0;
  ALTER TABLE copies ADD COLUMN sums_at timestamptz;
  UPDATE copies SET sums_at = copied_at;
  `,
  `
  -- Several gateways with one queue: who keeps it. asked: the last question of that holder.
  CREATE TABLE keeper (
    pool text PRIMARY KEY DEFAULT 'all',
    holder text NOT NULL,
    address text NOT NULL,
    term bigint NOT NULL,
    until timestamptz NOT NULL,
    asked bigint NOT NULL
  );

  -- Those that have not said goodbye. asked: the last word of this one. holds: slots by upstream, as
  -- the keeper of this term wrote them with this number.
  CREATE TABLE gateways (
    gateway text PRIMARY KEY,
    address text NOT NULL,
    version text NOT NULL,
    seen timestamptz NOT NULL DEFAULT clock_timestamp(),
    asked bigint NOT NULL,
    holds jsonb NOT NULL DEFAULT '{}',
    held_term bigint NOT NULL DEFAULT 0,
    held_number bigint NOT NULL DEFAULT 0
  );
  `,
];

/** "LLGW", as in the SQLite file: gateways that start at once migrate one after the other. */
const migrationLock = 0x4c4c4757;

/** The lowest version whose SQL this is. */
const oldestServer = 130_000;

/**
 * Brings the schema to the newest version, each step in its own transaction.
 * @throws UnsuitableDatabase where it is too old, has another encoding, or is of a newer gateway
 */
export async function migratePostgres(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ version: string; encoding: string }>(
    `SELECT current_setting('server_version_num') AS version,
       current_setting('server_encoding') AS encoding`,
  );
  const { version, encoding } = rows[0] ?? { version: "0", encoding: "" };
  if (Number(version) < oldestServer) {
    throw new UnsuitableDatabase("it is older than PostgreSQL 13; use a newer one");
  }
  if (encoding !== "UTF8") {
    throw new UnsuitableDatabase(
      `its encoding is ${encoding}; make it anew with UTF8 (createdb -E UTF8 -T template0 NAME)`,
    );
  }
  while (await migrateOnce(client));
}

async function migrateOnce(client: ClientBase): Promise<boolean> {
  await client.query("BEGIN");
  try {
    await client.query("SELECT pg_advisory_xact_lock($1)", [migrationLock]);
    const version = await versionOf(client);
    const step = postgresMigrations[version];
    if (step !== undefined) {
      await client.query(step);
      await client.query("UPDATE llm_gateway_schema SET version = $1", [version + 1]);
    }
    await client.query("COMMIT");
    return step !== undefined;
  } catch (error) {
    await client.query("ROLLBACK").catch(() => {
      // The connection is gone; the transaction with it.
    });
    throw error;
  }
}

async function versionOf(client: ClientBase): Promise<number> {
  await client.query("CREATE TABLE IF NOT EXISTS llm_gateway_schema (version bigint NOT NULL)");
  const { rows } = await client.query<{ version: number }>(
    "SELECT version FROM llm_gateway_schema",
  );
  const known = postgresMigrations.length;
  const version = rows[0]?.version;
  if (version === undefined) {
    await client.query("INSERT INTO llm_gateway_schema VALUES (0)");
    return 0;
  }
  if (version > known) {
    throw new UnsuitableDatabase(
      `its schema is version ${version} and this gateway knows only up to ${known}; ` +
        "update this gateway, or name another database in DATABASE_URL",
    );
  }
  return version;
}

/** Removes the quarter hours that are no longer kept at `now`; their days stay. */
export async function forgetOldQuarters(db: Pool, now: number): Promise<void> {
  await db.query("DELETE FROM quarters WHERE quarter < $1", [keptFrom(now) / quarterMs]);
}

/** Rows in one statement. */
const batch = 5_000;

/**
 * Removes the rows that began before a time (epoch ms, the start of a UTC day), a few thousand at a
 * time; their sums stay. What still runs stays, too.
 * @returns how many rows were removed
 */
export async function forgetOldRows(db: Pool, before: number): Promise<number> {
  // First: what is being removed must not look like sums that are wrong.
  await db.query("UPDATE kept SET rows_from = greatest(rows_from, $1)", [before]);
  for (let removed = 0; ; ) {
    const { rowCount } = await db.query(
      `DELETE FROM generations WHERE number IN (SELECT number FROM generations
         WHERE started_at < $1 AND state <> 'open' LIMIT ${batch})`,
      [before],
    );
    removed += rowCount ?? 0;
    if ((rowCount ?? 0) < batch) return removed;
  }
}
