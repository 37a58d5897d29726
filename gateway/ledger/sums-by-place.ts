/** The step to version 3: sums by key, upstream and dialect too, and those of quarter hours. */
export const sumsByPlace: string = `
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
`;
