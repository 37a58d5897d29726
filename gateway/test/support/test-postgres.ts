import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, beforeAll, describe } from "vitest";
import { freePort } from "../../cluster/free-port.ts";
import { until } from "./harness.ts";

/** A PostgreSQL server of one test file, on a free port, in a directory of its own. */
export type TestPostgres = {
  readonly port: number;
  /** A new, empty database, made with these options; its URL. */
  database(options?: string): Promise<string>;
  /** Runs SQL in a database, and returns the rows. */
  query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]>;
  /** Ends the server at once, as a crash of its machine does (`immediate`), or in order. */
  halt(how?: "fast" | "immediate"): Promise<void>;
  /** Starts it again if it was halted, on the same port with the same data. */
  start(): Promise<void>;
  /** Stops all its processes where they are, as a machine does that is suspended. */
  pause(): void;
  resume(): void;
  stop(): Promise<void>;
};

/** Where Debian puts the server's programs, the newest version last. */
function programs(): string | null {
  const root = "/usr/lib/postgresql";
  const versions = existsSync(root) ? readdirSync(root) : [];
  const places = [...versions.sort((a, b) => Number(a) - Number(b)).reverse()].map((version) =>
    join(root, version, "bin"),
  );
  const inPath = (process.env.PATH ?? "").split(":");
  return [...places, ...inPath].find((dir) => existsSync(join(dir, "initdb"))) ?? null;
}

const bin = programs();

/** Why there is no PostgreSQL for tests; null if there is one. */
export const noPostgres: string | null =
  bin === null ? "PostgreSQL is missing: apt-get install postgresql (.ci/run does)" : null;

/** Tests that need PostgreSQL; where it is missing they do not run, and their name says why. */
export function withPostgres(name: string, tests: () => void): void {
  const why = noPostgres === null ? "" : ` (not tested: ${noPostgres})`;
  describe.runIf(noPostgres === null)(name + why, tests);
}

/** root may not run the server: then it runs as this user. */
function owner(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const idOf = (flag: string, user: string): number | null => {
    const { status, stdout } = spawnSync("id", [flag, user], { encoding: "utf8" });
    return status === 0 ? Number(stdout) : null;
  };
  const user = idOf("-u", "postgres") === null ? "nobody" : "postgres";
  return { uid: idOf("-u", user) ?? 65_534, gid: idOf("-g", user) ?? 65_534 };
}

/** Starts a server for a test file, which stops it. Disk syncs are off: no test cuts the power. */
export async function startPostgres(): Promise<TestPostgres> {
  if (bin === null) throw new Error(noPostgres ?? "");
  const dir = mkdtempSync(join(tmpdir(), "postgres-"));
  const user = owner();
  // Its user must reach its own directory.
  if (user.uid !== undefined) {
    chmodSync(tmpdir(), 0o711);
    chownSync(dir, user.uid, user.gid ?? user.uid);
  }
  const data = join(dir, "data");
  const env = { PATH: process.env.PATH ?? "", LC_ALL: "C.UTF-8" };
  execFileSync(
    join(bin, "initdb"),
    ["-D", data, "-U", "gateway", "-A", "trust", "-E", "UTF8", "--no-sync"],
    { ...user, env, cwd: dir, stdio: "pipe" },
  );
  const port = await freePort(0, "127.0.0.1");
  const urlOf = (name: string): string => `postgres://gateway@127.0.0.1:${port}/${name}`;
  let server: ChildProcess | null = null;
  let count = 0;

  async function start(): Promise<void> {
    if (server !== null) return;
    const flags = ["-D", data, "-p", String(port), "-k", dir, "-h", "127.0.0.1"];
    const cheap = ["fsync=off", "shared_buffers=16MB", "max_connections=60", "max_wal_size=64MB"];
    server = spawn(
      join(bin ?? "", "postgres"),
      [...flags, ...cheap.flatMap((one) => ["-c", one])],
      {
        ...{ ...user, env, cwd: dir },
        stdio: "ignore",
      },
    );
    await until(() => answers(urlOf("postgres")), "PostgreSQL answers", 20_000);
  }

  async function halt(how: "fast" | "immediate" = "fast"): Promise<void> {
    const running = server;
    if (running === null || running.exitCode !== null) return;
    running.kill("SIGCONT");
    const ended = once(running, "exit");
    running.kill(how === "fast" ? "SIGINT" : "SIGQUIT");
    await ended;
    server = null;
  }

  function signal(name: "SIGSTOP" | "SIGCONT"): void {
    const first = server?.pid;
    if (first === undefined) return;
    const children = readFileSync(`/proc/${first}/task/${first}/children`, "utf8");
    for (const pid of [first, ...children.split(" ").filter(Boolean).map(Number)]) {
      try {
        process.kill(pid, name);
      } catch (error) {
        // It ended this moment, with its connection.
        if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
      }
    }
  }

  await start();
  return {
    port,
    async database(options = "") {
      count += 1;
      const name = `gateway_${count}`;
      await query(urlOf("postgres"), `CREATE DATABASE ${name} ${options}`);
      return urlOf(name);
    },
    query,
    halt,
    start,
    pause: () => signal("SIGSTOP"),
    resume: () => signal("SIGCONT"),
    async stop() {
      await halt("immediate");
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/**
 * The server of a test file: it is started before the tests, and stopped after them. Where PostgreSQL
 * is missing there is none, and `withPostgres` leaves the tests out.
 * @param patienceMs - for its start and its stop; absent: as the project says
 */
export function postgresOfFile(patienceMs?: number): TestPostgres {
  let started: TestPostgres | null = null;
  const server = (): TestPostgres => {
    if (started === null) throw new Error(noPostgres ?? "PostgreSQL is not started yet.");
    return started;
  };
  beforeAll(async () => {
    if (noPostgres === null) started = await startPostgres();
  }, patienceMs);
  afterAll(() => started?.stop(), patienceMs);
  return {
    get port() {
      return server().port;
    },
    database: (options) => server().database(options),
    query: (url, sql) => server().query(url, sql),
    halt: (how) => server().halt(how),
    start: () => server().start(),
    pause: () => server().pause(),
    resume: () => server().resume(),
    stop: () => server().stop(),
  };
}

async function answers(url: string): Promise<boolean> {
  return query(url, "SELECT 1").then(
    () => true,
    () => false,
  );
}

const whole = (text: string): number => Number(text);

/** One connection for one statement; 64-bit numbers come as numbers. */
async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const { INT8, NUMERIC } = pg.types.builtins;
  const client = new pg.Client({
    connectionString: url,
    types: {
      getTypeParser: ((oid: number, format: "text") =>
        oid === INT8 || oid === NUMERIC
          ? whole
          : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
  });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}
