import { verify } from "../../gateway/ledger/verify.ts";
import { loopback } from "../loopback.ts";
import type { Seen } from "./clients.ts";
import { query, readMetrics, type Sample, sumOf } from "./samples.ts";
import type { StartedGateway } from "./start.ts";

/** One thing that must be so after a soak. */
export type Check = { readonly what: string; readonly found: string; readonly isRight: boolean };

const check = (what: string, found: unknown, isRight: boolean): Check => ({
  what,
  found: String(found),
  isRight,
});

type Totals = { requests: number; input: number; output: number };

/** Compares rows, sums, metrics and what clients have seen; the gateway is at rest, and runs. */
export async function compareAccounts(gateway: StartedGateway, seen: Seen): Promise<Check[]> {
  const metrics = await readMetrics(gateway.port);
  const health = await fetch(`http://${loopback}:${gateway.port}/health`);
  const { line } = (await health.json()) as { line: { active: number; waiting: number } };
  const found = query(gateway.database, (db) => {
    const totals = (from: string, count: string): Totals =>
      db
        .prepare<[], Totals>(
          `SELECT ${count} AS requests, sum(coalesce(input_tokens, 0)) AS input,
             sum(coalesce(output_tokens, 0)) AS output FROM ${from}`,
        )
        .get() ?? { requests: 0, input: 0, output: 0 };
    const ids = new Map(
      db
        .prepare<[], { id: string; states: string }>(
          "SELECT request_id AS id, group_concat(state) AS states FROM generations GROUP BY 1",
        )
        .all()
        .map(({ id, states }) => [id, states]),
    );
    const open = db.prepare("SELECT count(*) FROM generations WHERE state = 'open'").pluck().get();
    const [rows, sums] = [totals("generations", "count(*)"), totals("rollups", "sum(requests)")];
    return {
      rows,
      sums,
      quarters: totals("quarters", "sum(requests)"),
      ids,
      open,
      faults: verify(db),
    };
  });
  const { rows, sums, quarters, ids, open, faults } = found;
  const tokens = ({ input, output }: Totals): number => input + output;
  const missing = seen.whole.filter((id) => ids.get(id) !== "done");
  const surplus = seen.refused.filter((id) => ids.has(id));
  const counted = sumOf(metrics, "llm_gateway_requests_total");
  const answered = sumOf(metrics, "llm_gateway_responses_total");
  return [
    check("rows", rows.requests, rows.requests > 0),
    check("requests in metrics", counted, counted === rows.requests),
    check("responses in metrics", answered, answered === rows.requests),
    check("requests in sums of days", sums.requests, sums.requests === rows.requests),
    check("requests in sums of quarters", quarters.requests, quarters.requests === rows.requests),
    check(
      "tokens in rows and sums",
      `${tokens(rows)}, ${tokens(sums)}`,
      tokens(rows) === tokens(sums),
    ),
    check("sums that differ from rows", faults.length, faults.length === 0),
    check("whole answers without their one row", missing.length, missing.length === 0),
    check("refused requests with a row", surplus.length, surplus.length === 0),
    check("open rows at rest", open, open === 0),
    check(
      "requests that run or wait at rest",
      line.active + line.waiting,
      line.active + line.waiting === 0,
    ),
  ];
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);

/**
 * Whether memory, files and handles are flat: the last quarter of the soak against the second one.
 * The first quarter warms up.
 */
export function compareSamples(samples: readonly Sample[]): Check[] {
  const quarter = Math.floor(samples.length / 4);
  if (quarter < 3) return [];
  const [early, late] = [samples.slice(quarter, 2 * quarter), samples.slice(-quarter)];
  const grown = (
    what: string,
    read: (sample: Sample) => number,
    slack: number,
    sum: (values: readonly number[]) => number = meanOf,
  ): Check => {
    const [before, after] = [sum(early.map(read)), sum(late.map(read))];
    const found = `${before.toFixed(0)} → ${after.toFixed(0)}`;
    return check(what, found, after <= before * 1.15 + slack);
  };
  return [
    // Peaks: a collection halves it now and then, and a mean depends on when.
    grown(
      "memory, MB",
      ({ rssMb }) => rssMb,
      10,
      (values) => Math.max(...values),
    ),
    grown("open files", ({ files }) => files ?? 0, 8),
    grown("handles", ({ handles }) => handles, 8),
  ];
}
