import type Database from "better-sqlite3";
import { sumsByPlace } from "./sums-by-place.ts";
import { upkeepTables } from "./upkeep/upkeep-tables.ts";

/** Position in this list + 1 is the version (`user_version`). Never edit one that was released. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE instances (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER
  ) STRICT;

  -- With a rowid, unlike rollups: ids are random, and a table in their order would dirty a random
  -- page for the opening and again for the closing. So rows append, and only the index scatters.
  CREATE TABLE generations (
    id TEXT NOT NULL PRIMARY KEY,
    request_id TEXT NOT NULL,
    user TEXT NOT NULL,
    model TEXT,
    upstream TEXT NOT NULL,
    upstream_id TEXT,
    dialect TEXT NOT NULL,
    path TEXT NOT NULL,
    streamed INTEGER NOT NULL,
    -- open, done, failed, cancelled or interrupted. No CHECK: it costs a fifth of each write.
    state TEXT NOT NULL,
    status INTEGER,
    error_code TEXT,
    started_at INTEGER NOT NULL,
    queue_ms INTEGER,
    first_token_ms INTEGER,
    upstream_ms INTEGER,
    duration_ms INTEGER,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cached_tokens INTEGER,
    reasoning_tokens INTEGER,
    usage_source TEXT,
    instance INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX generations_user ON generations (user, started_at);
  CREATE INDEX generations_started ON generations (started_at);
  CREATE INDEX generations_open ON generations (instance) WHERE state = 'open';

  -- One line for each UTC day, user and model ('' = none named); a row counts here when it closes.
  CREATE TABLE rollups (
    day TEXT NOT NULL,
    user TEXT NOT NULL,
    model TEXT NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    -- Requests with an unknown input or output, which are missing in the sums above.
    unmetered INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    interrupted INTEGER NOT NULL,
    queue_ms INTEGER NOT NULL,
    upstream_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    PRIMARY KEY (day, user, model)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- Numbered as they come. An index of the random ids would write a page of its own for each row,
  -- half the cost of all; a row is closed by its number, and found among its user's newest.
  CREATE TABLE numbered (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    user TEXT NOT NULL,
    model TEXT,
    -- The one that served in the end; until then the one it was meant for.
    upstream TEXT NOT NULL,
    upstream_id TEXT,
    dialect TEXT NOT NULL,
    path TEXT NOT NULL,
    streamed INTEGER NOT NULL,
    state TEXT NOT NULL,
    status INTEGER,
    error_code TEXT,
    started_at INTEGER NOT NULL,
    queue_ms INTEGER,
    first_token_ms INTEGER,
    upstream_ms INTEGER,
    duration_ms INTEGER,
    input_tokens INTEGER,
    output_tokens INTEGER,
    cached_tokens INTEGER,
    reasoning_tokens INTEGER,
    usage_source TEXT,
    -- Nano-dollars: sums of whole numbers are exact.
    cost INTEGER,
    instance INTEGER NOT NULL
  ) STRICT;
  INSERT INTO numbered SELECT rowid, id, request_id, user, model, upstream, upstream_id, dialect,
    path, streamed, state, status, error_code, started_at, queue_ms, first_token_ms, upstream_ms,
    duration_ms, input_tokens, output_tokens, cached_tokens, reasoning_tokens, usage_source, NULL,
    instance FROM generations ORDER BY rowid;
  DROP TABLE generations;
  ALTER TABLE numbered RENAME TO generations;
  CREATE INDEX generations_user ON generations (user, started_at);

  ALTER TABLE rollups ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
  -- Lines are added once a day and changed all day: an index of what does not change costs nothing.
  CREATE INDEX rollups_user ON rollups (user, day);

  -- Instead of an index of the open rows: none of the instance's has a number below this one.
  ALTER TABLE instances ADD COLUMN open_from INTEGER NOT NULL DEFAULT 0;
  -- Its open rows were closed after its end.
  ALTER TABLE instances ADD COLUMN settled INTEGER NOT NULL DEFAULT 0;
  `,
  sumsByPlace,
  upkeepTables,
];

/** "LLGW" distinguishes our file from another program's SQLite database. */
export const applicationId = 0x4c4c4757;

/** Why this database is not ours, or null. Only reads: a foreign file stays unchanged. */
export function unsuitable(
  db: Database.Database,
  known: number = migrations.length,
): string | null {
  const version = Number(db.pragma("user_version", { simple: true }));
  const owner = Number(db.pragma("application_id", { simple: true }));
  const tables = Number(db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get());
  if (owner !== applicationId && (tables > 0 || version !== 0 || owner !== 0)) {
    return "it is the database of another program; set DATABASE_FILE to a path of its own";
  }
  if (version <= known) return null;
  return (
    `its schema is version ${version} and this gateway knows only up to ${known}; ` +
    "run the newer gateway that wrote it, or set DATABASE_FILE to a new path"
  );
}

/** Brings the schema to the newest version, each step in its own transaction. */
export function migrate(db: Database.Database, steps: readonly string[] = migrations): void {
  // The version is read under the write lock: two gateways may start on one file at once.
  const next = db.transaction((): boolean => {
    const version = Number(db.pragma("user_version", { simple: true }));
    const step = steps[version];
    if (step === undefined) return false;
    db.exec(step);
    db.pragma(`application_id = ${applicationId}`);
    db.pragma(`user_version = ${version + 1}`);
    return true;
  });
  while (next.immediate());
}
