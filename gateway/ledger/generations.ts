import type Database from "better-sqlite3";
import type { DialectName } from "../dialects/all.ts";
import type { Usage } from "../dialects/usage.ts";
import type { RowState } from "./row.ts";

/** One generation of the accounts. What is not known (yet) is null. */
export type Generation = {
  readonly id: string;
  readonly requestId: string;
  readonly user: string;
  readonly model: string | null;
  /** The upstream that served, or is to serve. */
  readonly upstream: string;
  readonly upstreamId: string | null;
  readonly dialect: DialectName;
  readonly path: string;
  readonly streamed: boolean;
  readonly state: RowState | "open";
  readonly status: number | null;
  readonly errorCode: string | null;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly queueMs: number | null;
  readonly firstTokenMs: number | null;
  readonly upstreamMs: number | null;
  readonly durationMs: number | null;
  /** Tokens; cached and reasoning are parts of input and output. */
  readonly input: number | null;
  readonly output: number | null;
  readonly cached: number | null;
  readonly reasoning: number | null;
  readonly usageSource: Usage["source"];
  /** US dollars. */
  readonly cost: number | null;
};

/** How many of a user's newest generations are searched; each costs a third of a µs. */
const newest = 10_000;

/** Finds a generation, in SQLite and PostgreSQL; binds the user, the user again, and the id. */
export const findGeneration: string = `
  SELECT id, request_id AS "requestId", "user", model, upstream, upstream_id AS "upstreamId",
    dialect, path, streamed, state, status, error_code AS "errorCode",
    started_at AS "startedAt", queue_ms AS "queueMs", first_token_ms AS "firstTokenMs",
    upstream_ms AS "upstreamMs", duration_ms AS "durationMs", input_tokens AS input,
    output_tokens AS output, cached_tokens AS cached, reasoning_tokens AS reasoning,
    usage_source AS "usageSource", cost / 1e9 AS cost
  FROM generations WHERE "user" = ?
    AND started_at >= coalesce((SELECT started_at FROM generations
      WHERE "user" = ? ORDER BY started_at DESC LIMIT 1 OFFSET ${newest}), 0)
    AND ? IN (id, request_id, upstream_id) ORDER BY started_at DESC LIMIT 1`;

/**
 * Finds the newest generation with this id (ours, the request's, or the upstream's) among a user's
 * newest ones. It searches them one by one: an index on each id would cost every generation more
 * than the rest of its row.
 */
export function createFind(db: Database.Database): (user: string, id: string) => Generation | null {
  const find = db.prepare<[string, string, string], FoundGeneration>(findGeneration);
  return (user, id) => foundGeneration(find.get(user, user, id));
}

export type FoundGeneration = Omit<Generation, "streamed"> & { streamed: number };

export const foundGeneration = (found: FoundGeneration | undefined): Generation | null =>
  found === undefined ? null : { ...found, streamed: found.streamed === 1 };
