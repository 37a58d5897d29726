import type Database from "better-sqlite3";
import { addTo, placeColumns, quarterMs, type SumPlace, type Sums, sumColumns } from "./rollups.ts";
import { bounded, nanoDollars, type Row, whole } from "./row.ts";

export type Tally = {
  /** Counts a closed row for its quarter hour and day. `write` puts it into the database. */
  count(row: Row, day: string): void;
  /** Adds all that was counted since the last `write` or `forget` to both tables of sums. */
  write(): void;
  forget(): void;
};

/** Collects what a batch adds, so that it costs one upsert a place and table, not one a row. */
export function createTally(db: Database.Database): Tally {
  const toDay = db.prepare(addTo("rollups"));
  const toQuarter = db.prepare(addTo("quarters"));
  let counted = new Map<string, Counted>();
  /** Most rows count where the one before did. */
  let last: Counted | null = null;
  return {
    count(row, day) {
      const quarter = Math.floor(Math.round(row.opening.startedAt) / quarterMs);
      const place = placeOf(row);
      if (last !== null && last.quarter === quarter && isSame(last.place, place)) {
        addRow(last.sums, row);
        return;
      }
      const { user, key: keyId, model, upstream, dialect } = place;
      const key = `${quarter}\n${user}\n${keyId}\n${model}\n${upstream}\n${dialect}`;
      let group = counted.get(key);
      if (group === undefined) {
        group = { day, quarter, place, sums: nothing() };
        counted.set(key, group);
      }
      last = group;
      addRow(group.sums, row);
    },
    write() {
      for (const { day, quarter, place, sums } of counted.values()) {
        const values = [
          ...placeColumns.map((column) => place[column]),
          ...sumColumns.map((column) => sums[column]),
        ];
        toDay.run(day, ...values);
        toQuarter.run(quarter, ...values);
      }
      counted = new Map();
      last = null;
    },
    forget() {
      counted = new Map();
      last = null;
    },
  };
}

type Counted = { day: string; quarter: number; place: SumPlace; sums: Sums };

const isSame = (one: SumPlace, other: SumPlace): boolean =>
  placeColumns.every((column) => one[column] === other[column]);

/** Where a closed row counts: the same as `placeOfRow` in rollups.ts says of a row in the file. */
function placeOf({ opening, closing }: Row): SumPlace {
  const { user, key = "", dialect } = opening;
  const model = bounded(closing?.servedModel ?? opening.model ?? "");
  return { user, key, model, upstream: closing?.servedBy ?? opening.upstream, dialect };
}

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
    unpriced: 0,
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
  if (closing.state === "interrupted") to.interrupted += 1;
  to.queue_ms += whole(closing.queueMs) ?? 0;
  to.upstream_ms += whole(closing.upstreamMs) ?? 0;
  to.duration_ms += whole(closing.durationMs) ?? 0;
  const cost = nanoDollars(closing.cost);
  to.cost += cost ?? 0;
  if (cost === null) to.unpriced += 1;
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
