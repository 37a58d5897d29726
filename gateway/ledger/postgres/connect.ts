import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";

/** DatabasePools to the database, and why it could not be reached. */
export type DatabasePools = {
  /** For rows and for the sign of life. */
  readonly writing: pg.Pool;
  /** For reports, which may take longer. */
  readonly reading: pg.Pool;
  end(): Promise<void>;
};

/** 64-bit numbers and their sums come as numbers: no count or sum here is beyond 2^53. */
const numbers: ReadonlySet<number> = new Set([pg.types.builtins.INT8, pg.types.builtins.NUMERIC]);
const types = {
  getTypeParser: ((oid: number, format: "text" | "binary") =>
    numbers.has(oid)
      ? Number
      : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
};

/** How long a connection and a small statement may take. Milliseconds. */
const patienceMs = 5_000;

/** How long a report may take; the database ends it then. Milliseconds. */
export const reportMs: number = 20_000;

/**
 * Opens no connection yet; the first use does. Idle connections that end are replaced by the next
 * use. No statement waits for ever: an answer that does not come ends its connection.
 */
export function createConnections(url: string): DatabasePools {
  const common = {
    ...{ connectionString: url, application_name: "llm-gateway", types, keepAlive: true },
    ...{ connectionTimeoutMillis: patienceMs, idleTimeoutMillis: 60_000 },
  };
  const writing = new pg.Pool({ ...common, max: 2, query_timeout: 2 * patienceMs });
  const reading = new pg.Pool({ ...common, max: 4, query_timeout: reportMs + patienceMs });
  for (const pool of [writing, reading]) {
    pool.on("error", () => {
      // An idle connection has ended, as at a restart of the database.
    });
    // One that ends between two statements of its user would end the process.
    pool.on("connect", (client) => client.on("error", () => {}));
  }
  return {
    writing,
    reading,
    async end() {
      // A connection whose answer does not come would hold up the end until its time is over.
      const bound = sleep(1_000, undefined, { ref: false });
      await Promise.race([Promise.all([writing.end(), reading.end()]), bound]);
    },
  };
}

/** A connection of its own, for a command: the caller ends it. */
export function createClient(url: string): pg.Client {
  return new pg.Client({
    ...{ connectionString: url, application_name: "llm-gateway", types },
    connectionTimeoutMillis: patienceMs,
  });
}

/** A database that no waiting makes usable; the message says why, and what to do. */
export class UnsuitableDatabase extends Error {}

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";

const reasons: Readonly<Record<string, string>> = {
  "28P01": "the password is wrong; correct DATABASE_URL",
  "28000": "the server refuses this user; correct DATABASE_URL, or allow the user in pg_hba.conf",
  "3D000": "there is no database of this name; create it (createdb NAME), or correct DATABASE_URL",
  "42501":
    "its user may not create or use the tables; make the user the owner of the database (ALTER DATABASE … OWNER TO …)",
  "42P07": "it has tables of another program; give the gateway a database of its own",
  "42P01": "it has tables of another program; give the gateway a database of its own",
  "42703": "it has tables of another program; give the gateway a database of its own",
  "25006": "it is read-only; name the primary server in DATABASE_URL",
  "53300": "it has no connection left; raise max_connections",
  "53100": "its disk is full; free some space there",
  ECONNREFUSED: "nothing answers there; start PostgreSQL, or correct DATABASE_URL",
  ENOTFOUND: "there is no host of this name; correct DATABASE_URL",
  EAI_AGAIN: "the name of its host cannot be looked up; correct DATABASE_URL, or the network",
  ENOENT: "there is no such socket; start PostgreSQL, or correct DATABASE_URL",
};

/** Why the database cannot be used, and what to do, in one line without a password. */
export function explainPostgres(error: unknown): string {
  // Of a name with several addresses each has its own error.
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const known = reasons[codeOf(first)];
  if (known !== undefined) return known;
  const text = first instanceof Error ? first.message : String(first);
  if (/timeout/i.test(text)) return "it does not answer in time; look at its load and the network";
  return text.replaceAll("\n", " ");
}

/**
 * True where only a change of settings or of the database helps: then a start stops. False where the
 * database may come back by itself.
 */
export function isLasting(error: unknown): boolean {
  const code = codeOf(error);
  // 57: the server starts or stops; 53: it has too little of something; 40: try again; 08: the line.
  if (/^[0-9A-Z]{5}$/.test(code)) return !/^(57|53|40|08|25006|55P03|58)/.test(code);
  return error instanceof UnsuitableDatabase;
}

/** True for a row that the database will never take, whatever is tried. */
export function isFaultOfRow(error: unknown): boolean {
  return /^(22|23)[0-9A-Z]{3}$/.test(codeOf(error));
}
