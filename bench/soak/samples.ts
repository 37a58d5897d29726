import { readdirSync } from "node:fs";
import Database from "better-sqlite3";
import { loopback } from "../loopback.ts";
import { cpuSeconds, residentMb } from "../process-cost.ts";
import type { StartedGateway } from "./start.ts";

/** What the gateway took at one moment. */
export type Sample = {
  /** Seconds since the soak began. */
  readonly at: number;
  readonly rssMb: number;
  /** Open file descriptors; null where the system does not tell. */
  readonly files: number | null;
  /** Node's active handles. */
  readonly handles: number;
  readonly cpuSeconds: number;
  readonly rows: number;
  readonly open: number;
};

export async function takeSample(gateway: StartedGateway, at: number): Promise<Sample> {
  const metrics = await readMetrics(gateway.port);
  return {
    at,
    rssMb: Math.round(residentMb(gateway.pid)),
    files: filesOf(gateway.pid),
    handles: sumOf(metrics, "nodejs_active_handles_total"),
    cpuSeconds: cpuSeconds(gateway.pid),
    ...rowsIn(gateway.database),
  };
}

function filesOf(pid: number): number | null {
  return process.platform === "linux" ? readdirSync(`/proc/${pid}/fd`).length : null;
}

function rowsIn(file: string): { rows: number; open: number } {
  return query(file, (db) => {
    const sql =
      "SELECT count(*) AS rows, count(*) FILTER (WHERE state = 'open') AS open FROM generations";
    return db.prepare<[], { rows: number; open: number }>(sql).get() ?? { rows: 0, open: 0 };
  });
}

/** Reads the ledger over a connection of its own. */
export function query<T>(file: string, read: (db: Database.Database) => T): T {
  const db = new Database(file, { readonly: true, timeout: 5_000 });
  try {
    return read(db);
  } finally {
    db.close();
  }
}

export async function readMetrics(port: number): Promise<string> {
  return await (await fetch(`http://${loopback}:${port}/metrics`)).text();
}

/** The sum of a series over all its labels. */
export function sumOf(metrics: string, series: string): number {
  const values = metrics.matchAll(new RegExp(`^${series}(?:\\{[^}]*\\})? (\\S+)$`, "gm"));
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}
