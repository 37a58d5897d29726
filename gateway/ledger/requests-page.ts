import type Database from "better-sqlite3";
import type { RowState } from "./row.ts";

/** One of a user's requests, in the names of the API. What is not known (yet) is null. */
export type RequestLine = {
  id: string;
  request_id: string;
  /** The model in the request, and the one that served where that has another name. */
  model: string | null;
  served_model: string | null;
  upstream: string;
  dialect: string;
  streamed: boolean;
  state: RowState | "open";
  status: number | null;
  error_code: string | null;
  /** ISO 8601. */
  started_at: string;
  /** Milliseconds. */
  queue_ms: number | null;
  first_token_ms: number | null;
  upstream_ms: number | null;
  duration_ms: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_tokens: number | null;
  reasoning_tokens: number | null;
  /** US dollars. */
  cost: number | null;
};

/** Where a page begins: before this row. */
export type PageStart = { readonly startedAt: number; readonly number: number };

export type RequestsQuery = {
  readonly user: string;
  readonly limit: number;
  /** Null: the newest. */
  readonly before: PageStart | null;
};

export type RequestsPage = {
  readonly lines: readonly RequestLine[];
  /** The start of the next page; null if there is none. */
  readonly next: PageStart | null;
};

/** A row of the page as a database gives it. */
export type FoundRequest = Omit<RequestLine, "streamed" | "started_at"> & {
  number: number;
  streamed: number;
  started_at: number;
};

/** What a page reads of a row. */
export const requestColumns: string = `number, id, request_id, model, served_model, upstream,
  dialect, streamed, state, status, error_code, started_at, queue_ms, first_token_ms, upstream_ms,
  duration_ms, input_tokens, output_tokens, cached_tokens, reasoning_tokens, cost / 1e9 AS cost`;

/** A user's requests, the newest first. Reads as many rows as it shows, by the index of users. */
export function requestsPage(db: Database.Database, query: RequestsQuery): RequestsPage {
  const { user, limit, before } = query;
  const found = db
    .prepare<(string | number)[], FoundRequest>(
      `SELECT ${requestColumns}
       FROM generations WHERE user = ? ${before === null ? "" : "AND (started_at, number) < (?, ?)"}
       ORDER BY started_at DESC, number DESC LIMIT ?`,
    )
    .all(user, ...(before === null ? [] : [before.startedAt, before.number]), limit + 1);
  return pageOf(found, limit);
}

/** A page of `limit` lines from the rows, of which one more was asked for. */
export function pageOf(found: readonly FoundRequest[], limit: number): RequestsPage {
  const shown = found.slice(0, limit);
  const last = shown.at(-1);
  const isMore = found.length > limit && last !== undefined;
  return {
    lines: shown.map(({ number: _number, streamed, started_at, ...line }) => ({
      ...line,
      streamed: streamed === 1,
      started_at: new Date(started_at).toISOString(),
    })),
    next: isMore ? { startedAt: last.started_at, number: last.number } : null,
  };
}
