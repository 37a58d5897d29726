import type Database from "better-sqlite3";

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
  `
  -- The key's id, and the model that served, where its name is not the one in the request.
  ALTER TABLE generations ADD COLUMN key TEXT NOT NULL DEFAULT '';
  ALTER TABLE generations ADD COLUMN served_model TEXT;

  -- The sums of UTC days, by all that people ask for. model: the one that served.
  CREATE TABLE daily (
    day TEXT NOT NULL,
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    upstream TEXT NOT NULL,
    dialect TEXT NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    unmetered INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    interrupted INTEGER NOT NULL,
    queue_ms INTEGER NOT NULL,
    upstream_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (day, user, key, model, upstream, dialect)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO daily SELECT strftime('%Y-%m-%d', started_at / 1000, 'unixepoch'), user, '',
    coalesce(model, ''), upstream, dialect, count(*), sum(coalesce(input_tokens, 0)),
    sum(coalesce(output_tokens, 0)),
    sum(coalesce(cached_tokens, 0)), sum(coalesce(reasoning_tokens, 0)),
    sum(input_tokens IS NULL OR output_tokens IS NULL), sum(state = 'failed'),
    sum(state = 'cancelled'), sum(state = 'interrupted'), sum(coalesce(queue_ms, 0)),
    sum(coalesce(upstream_ms, 0)), sum(coalesce(duration_ms, 0)), sum(coalesce(cost, 0)),
    sum(cost IS NULL)
  FROM generations WHERE state <> 'open' GROUP BY 1, 2, 3, 4, 5, 6;
  -- Sums without rows: rows that are gone, and totals that were taken over from another gateway.
  INSERT INTO daily SELECT day, user, '', model, '', '',
    rollups.requests - coalesce(known.requests, 0), rollups.input_tokens -
    coalesce(known.input_tokens, 0), rollups.output_tokens - coalesce(known.output_tokens,
    0), rollups.cached_tokens - coalesce(known.cached_tokens, 0), rollups.reasoning_tokens -
    coalesce(known.reasoning_tokens, 0), rollups.unmetered - coalesce(known.unmetered, 0),
    rollups.errors - coalesce(known.errors, 0), rollups.cancelled -
    coalesce(known.cancelled, 0), rollups.interrupted - coalesce(known.interrupted, 0),
    rollups.queue_ms - coalesce(known.queue_ms, 0), rollups.upstream_ms -
    coalesce(known.upstream_ms, 0), rollups.duration_ms - coalesce(known.duration_ms, 0),
    rollups.cost - coalesce(known.cost, 0),
    iif(rollups.cost = 0, rollups.requests - coalesce(known.requests, 0), 0)
  FROM rollups LEFT JOIN (SELECT day, user, model,
    sum(requests) AS requests, sum(input_tokens) AS input_tokens, sum(output_tokens) AS
    output_tokens, sum(cached_tokens) AS cached_tokens, sum(reasoning_tokens) AS
    reasoning_tokens, sum(unmetered) AS unmetered, sum(errors) AS errors, sum(cancelled) AS
    cancelled, sum(interrupted) AS interrupted, sum(queue_ms) AS queue_ms, sum(upstream_ms)
    AS upstream_ms, sum(duration_ms) AS duration_ms, sum(cost) AS cost
    FROM daily GROUP BY 1, 2, 3) AS known USING (day, user, model)
  WHERE rollups.requests > coalesce(known.requests, 0);

  -- The sums of quarter hours since 1970, of which every time zone's days are made.
  CREATE TABLE quarters (
    quarter INTEGER NOT NULL,
    user TEXT NOT NULL,
    key TEXT NOT NULL,
    model TEXT NOT NULL,
    upstream TEXT NOT NULL,
    dialect TEXT NOT NULL,
    requests INTEGER NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    cached_tokens INTEGER NOT NULL,
    reasoning_tokens INTEGER NOT NULL,
    unmetered INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    cancelled INTEGER NOT NULL,
    interrupted INTEGER NOT NULL,
    queue_ms INTEGER NOT NULL,
    upstream_ms INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    PRIMARY KEY (quarter, user, key, model, upstream, dialect)
  ) STRICT, WITHOUT ROWID;

  CREATE INDEX quarters_user ON quarters (user, quarter);
  INSERT INTO quarters SELECT started_at / 900000, user, '', coalesce(model, ''), upstream, dialect,
    count(*), sum(coalesce(input_tokens, 0)), sum(coalesce(output_tokens, 0)),
    sum(coalesce(cached_tokens, 0)), sum(coalesce(reasoning_tokens, 0)),
    sum(input_tokens IS NULL OR output_tokens IS NULL), sum(state = 'failed'),
    sum(state = 'cancelled'), sum(state = 'interrupted'), sum(coalesce(queue_ms, 0)),
    sum(coalesce(upstream_ms, 0)), sum(coalesce(duration_ms, 0)), sum(coalesce(cost, 0)),
    sum(cost IS NULL)
  FROM generations WHERE state <> 'open'
    AND started_at >= (unixepoch('now') / 86400 - 90) * 86400000 GROUP BY 1, 2, 3, 4, 5, 6;
  -- At noon, which is on the same day in nearly every time zone.
  INSERT INTO quarters SELECT unixepoch(day) / 900 + 48, user, key, model, upstream, dialect,
    requests, input_tokens, output_tokens, cached_tokens, reasoning_tokens, unmetered,
    errors, cancelled, interrupted, queue_ms, upstream_ms, duration_ms, cost, unpriced
  FROM daily WHERE upstream = '' AND dialect = '' AND day >= date('now', '-90 days');

  DROP TABLE rollups;
  ALTER TABLE daily RENAME TO rollups;
  CREATE INDEX rollups_user ON rollups (user, day);
  `,
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
