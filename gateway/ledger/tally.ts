import type Database from "better-sqlite3";
import { addSums, type Sums } from "./rollups.ts";
import { bounded, nanoDollars, type Row, whole } from "./row.ts";

export type Tally = {
  /** Counts a closed row for its day. `write` puts it into the database. */
  count(row: Row, day: string): void;
  /** One upsert for each day, user and model counted since the last `write` or `forget`. */
  write(): void;
  forget(): void;
};

/** Collects what a batch adds, so that it costs one upsert a user and model, not one a row. */
export function createTally(db: Database.Database): Tally {
  const upsert = db.prepare(addSums);
  let counted = new Map<string, Counted>();
  return {
    count(row, day) {
      const user = row.opening.user;
      const model = row.opening.model === null ? "" : bounded(row.opening.model);
      const key = `${day}\n${user}\n${model}`;
      let group = counted.get(key);
      if (group === undefined) {
        group = { day, user, model, sums: nothing() };
        counted.set(key, group);
      }
      addRow(group.sums, row);
    },
    write() {
      for (const { day, user, model, sums: s } of counted.values()) {
        // biome-ignore format: in the order of the columns
        upsert.run(
          day, user, model, s.requests, s.input_tokens, s.output_tokens, s.cached_tokens,
          s.reasoning_tokens, s.unmetered, s.errors, s.cancelled, s.interrupted, s.queue_ms,
          s.upstream_ms, s.duration_ms, s.cost,
        );
      }
      counted = new Map();
    },
    forget() {
      counted = new Map();
    },
  };
}

type Counted = { day: string; user: string; model: string; sums: Sums };

function nothing(): Sums {
  return {
    requests: 0,
    input_tokens: 0,
    output_tokens: 0,
    cached_tokens: 0,
    reasoning_tokens: 0,
    unmetered: 0,
    errors: 0,
    cancelled: 0,
    interrupted: 0,
    queue_ms: 0,
    upstream_ms: 0,
    duration_ms: 0,
    cost: 0,
  };
}

function addRow(to: Sums, { closing }: Row): void {
  if (closing === null) return;
  const input = whole(closing.usage.input);
  const output = whole(closing.usage.output);
  to.requests += 1;
  to.input_tokens += input ?? 0;
  to.output_tokens += output ?? 0;
  to.cached_tokens += whole(closing.usage.cached) ?? 0;
  to.reasoning_tokens += whole(closing.usage.reasoning) ?? 0;
  if (input === null || output === null) to.unmetered += 1;
  if (closing.state === "failed") to.errors += 1;
  if (closing.state === "cancelled") to.cancelled += 1;
  to.queue_ms += whole(closing.queueMs) ?? 0;
  to.upstream_ms += whole(closing.upstreamMs) ?? 0;
  to.duration_ms += whole(closing.durationMs) ?? 0;
  to.cost += nanoDollars(closing.cost) ?? 0;
}

/**
 * The UTC day (`2026-11-21`) of a time in milliseconds; throws RangeError where there is none.
 * It remembers the last: making the text costs as much as a small write.
 */
export function createDayOf(): (time: number) => string {
  let last = Number.NaN;
  let text = "";
  return (time) => {
    const day = Math.floor(Math.round(time) / 86_400_000);
    if (day !== last) {
      text = new Date(day * 86_400_000).toISOString().slice(0, 10);
      last = day;
    }
    return text;
  };
}
