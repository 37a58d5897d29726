import type Database from "better-sqlite3";
import { quarterMs } from "./rollups.ts";

/**
 * What was used at a time (epoch ms): requests, tokens, milliseconds of an upstream, US dollars.
 */
export type WindowCount = {
  readonly at: number;
  readonly requests: number;
  readonly tokens: number;
  readonly upstream: number;
  readonly cost: number;
};

const day = 86_400_000;

/** Older days are read as days, from the rollups, which survive the rows. */
const exactDays = 2;

/** A clock that is set right moves by so little. Milliseconds. */
const clockSkew = 60_000;

/** A generation that began so long before a window may have ended in it. */
const longest = 6 * 3_600_000;

/**
 * Rows closer than this are counted as one, at the latest of them. Milliseconds; written into the
 * statements, since a bound number is a REAL, and divides as one.
 */
const grain = 1_000;

/** What the counts are made of, in SQLite and PostgreSQL. */
export const windowSql: Readonly<Record<"started" | "ended" | "days" | "ofKey", string>> = {
  /** Binds the user, the first and the last start, and the time before which counts are apart. */
  started: `
    SELECT max(started_at) AS at, count(*) AS requests, 0 AS tokens, 0 AS upstream, 0 AS cost
    FROM generations WHERE "user" = ? AND started_at BETWEEN ? AND ?
    GROUP BY started_at / ${grain}, started_at < ?`,
  /** Binds the same. */
  ended: `
    SELECT max(ended_at) AS at, 0 AS requests, sum(tokens) AS tokens, sum(upstream) AS upstream,
      sum(cost) / 1e9 AS cost
    FROM (SELECT started_at + coalesce(duration_ms, 0) AS ended_at,
        coalesce(input_tokens, 0) + coalesce(output_tokens, 0) AS tokens,
        coalesce(upstream_ms, 0) AS upstream, coalesce(cost, 0) AS cost
      FROM generations WHERE "user" = ? AND started_at BETWEEN ? AND ? AND state <> 'open') AS done
    GROUP BY ended_at / ${grain}, ended_at < ?`,
  /** Binds the user, the first day, and the day after the last. */
  days: `
    SELECT day, sum(requests) AS requests, sum(input_tokens + output_tokens) AS tokens,
      sum(upstream_ms) AS upstream, sum(cost) / 1e9 AS cost
    FROM rollups WHERE "user" = ? AND day >= ? AND day < ? GROUP BY day`,
  /** Binds the first quarter hour and the id of a key. */
  ofKey: `
    SELECT (quarter + 1) * ${quarterMs} - 1 AS at, sum(requests) AS requests,
      sum(input_tokens + output_tokens) AS tokens, sum(upstream_ms) AS upstream,
      sum(cost) / 1e9 AS cost
    FROM quarters WHERE quarter >= ? AND key = ? GROUP BY quarter ORDER BY quarter`,
};

export type DayCount = Omit<WindowCount, "at"> & { readonly day: string };

/** Which rows a window reads, and which whole days before them; null: none. */
export type WindowPlan = {
  readonly rows: readonly [from: number, until: number, apart: number];
  readonly days: readonly [from: string, until: string] | null;
};

/** @param apart - no count holds rows of before and after this time; epoch ms */
export function planWindow(since: number, now: number, apart: number = now): WindowPlan {
  const exactFrom = Math.floor(now / day - exactDays) * day;
  const isLong = since < exactFrom;
  return {
    rows: [
      Math.floor(isLong ? exactFrom : since - longest),
      Math.ceil(now + clockSkew),
      Math.ceil(apart),
    ],
    days: isLong ? [dayOf(since), dayOf(exactFrom)] : null,
  };
}

/** All counts, oldest first. A day is at its end: it leaves a window when all of it has. */
export function joinCounts(rows: readonly WindowCount[], days: readonly DayCount[]): WindowCount[] {
  const ofDays = days.map(({ day: date, ...counts }) => ({
    at: Date.parse(date) + day - 1,
    ...counts,
  }));
  return [...rows, ...ofDays].sort((one, other) => one.at - other.at);
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/**
 * What one user used since a time, oldest first: the durable counts behind the windows of limits.
 * Requests count when they were accepted, all else when its generation ended. Rows that are open,
 * and tokens that nobody knows, count for nothing; nor do rows that began after `now`, which a clock
 * that was ahead has left: they would fill every window until that time comes.
 */
export function createWindowCounts(
  db: Database.Database,
): (user: string, since: number, now: number, apart?: number) => WindowCount[] {
  type Bound = [user: string, from: number, until: number, apart: number];
  const started = db.prepare<Bound, WindowCount>(windowSql.started);
  const ended = db.prepare<Bound, WindowCount>(windowSql.ended);
  const days = db.prepare<[string, string, string], DayCount>(windowSql.days);
  return (user, since, now, apart) => {
    const plan = planWindow(since, now, apart);
    const found = [...started.all(user, ...plan.rows), ...ended.all(user, ...plan.rows)];
    return joinCounts(found, plan.days === null ? [] : days.all(user, ...plan.days));
  };
}

/**
 * What all people behind a key used since a time, oldest first, from the sums of quarter hours, each
 * at its end: a bound on a key is about hours and days.
 */
export function createKeyCounts(
  db: Database.Database,
): (keyId: string, since: number) => WindowCount[] {
  const sums = db.prepare<[number, string], WindowCount>(windowSql.ofKey);
  return (keyId, since) => sums.all(Math.floor(since / quarterMs), keyId);
}
