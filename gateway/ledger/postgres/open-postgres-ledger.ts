import { randomUUID } from "node:crypto";
import type { Pool } from "pg";
import type { Ledger } from "../ledger.ts";
import { createRecorder, type LedgerStore, type RecorderOptions } from "../recorder.ts";
import { rowsKeptFrom } from "../upkeep/forget-rows.ts";
import { createBoundNames } from "./bound-names.ts";
import { createConnections, type DatabasePools, explainPostgres, isLasting } from "./connect.ts";
import { buryDead, sayAlive, sayEnded } from "./presence.ts";
import { createPostgresReads } from "./reads.ts";
import { forgetOldQuarters, forgetOldRows, migratePostgres } from "./schema.ts";
import { createShipper, type Shipper } from "./shipper.ts";
import { openSpool, type Spool } from "./spool.ts";

export type PostgresLedgerOptions = RecorderOptions & {
  /** `postgres://user:password@host/database` */
  url: string;
  /** Where rows wait for the database, on this machine's disk. Each gateway has its own. */
  spoolFile: string;
  /** Rows in that file, at most. */
  mayWait?: number;
  /** What a start does with a damaged spool: it fails (default), or begins a new one. */
  ifDamaged?: "stop" | "new";
  /** Rows of today and of this many days before stay; null (default): all rows stay. */
  keepDays?: number | null;
  /** Called with the number of rows that were removed by their age, if there were any. */
  onForgotten?: (rows: number) => void;
  /** How often the gateway says that it lives, and sees whether the database does. Milliseconds. */
  beatMs?: number;
  /** Rows of so many milliseconds go to the database together. */
  gapMs?: number;
};

/** Half a gigabyte on disk at most; a busy laboratory's month. */
const mostWaiting = 500_000;

/**
 * The accounts in PostgreSQL, for one gateway or several. A row is first in a file on this machine's
 * disk (the spool), so that no answer waits for the database, and no row is lost while that is away.
 * From there it goes to the database, once. A start without the database is possible where the spool
 * knows it already.
 * @throws Error with one line (what, reason, remedy) when database or spool cannot be used
 */
export async function openPostgresLedger(options: PostgresLedgerOptions): Promise<Ledger> {
  const { url, spoolFile, mayWait = mostWaiting, ifDamaged = "stop" } = options;
  const { onTrouble = () => {} } = options;
  const instance = randomUUID();
  const spool = openSpool({ file: spoolFile, instance, ifDamaged, mayWait, onTrouble });
  const connections = createConnections(url);
  try {
    await prepare(connections, instance);
    spool.noteConnected();
  } catch (error) {
    if (isLasting(error) || !spool.wasConnected) {
      await Promise.all([spool.close(), connections.end()]);
      const reason = explainPostgres(error);
      throw new Error(`cannot use the database of DATABASE_URL: ${reason}`, { cause: error });
    }
    onTrouble(`the database of the ledger is away, rows wait on disk: ${explainPostgres(error)}`);
  }
  return createRecorder(options, () => openStore(options, { spool, connections, instance }));
}

/** The schema, and this gateway among those that live. */
async function prepare({ writing }: DatabasePools, instance: string): Promise<void> {
  const client = await writing.connect();
  let fault: Error | undefined;
  try {
    await migratePostgres(client);
  } catch (error) {
    fault = error instanceof Error ? error : new Error(String(error));
    throw error;
  } finally {
    client.release(fault);
  }
  await sayAlive(writing, instance);
  await buryDead(writing);
  await forgetOldQuarters(writing, Date.now());
}

type Opened = { spool: Spool; connections: DatabasePools; instance: string };

function openStore(options: PostgresLedgerOptions, opened: Opened): LedgerStore {
  const { drainMs = 3_000, beatMs = 20_000, gapMs } = options;
  const { onTrouble = () => {}, onRecovery = () => {} } = options;
  const { spool, connections, instance } = opened;
  const { writing, reading } = connections;
  const shipper = createShipper({
    ...{ db: writing, spool, onTrouble, onRecovery, gapMs },
    boundNames: createBoundNames(),
    prepare: () => prepare(connections, instance),
  });
  const beating = setInterval(() => void beat(opened, shipper), beatMs).unref();
  const forget = (): void => void forgetByAge(options, writing);
  forget();
  const forgetting = setInterval(forget, forgetMs).unref();
  return {
    ...createPostgresReads({
      ...{ db: reading, onTrouble, flush: (patienceMs) => shipper.flush(patienceMs) },
      isAway: () => shipper.trouble !== null,
    }),
    write: (rows) => spool.write(rows),
    committed(rows) {
      spool.committed(rows);
      shipper.wake();
    },
    look: () => spool.look(),
    state: () => stateOf(spool, shipper),
    async close() {
      clearInterval(beating);
      clearInterval(forgetting);
      await shipper.close(drainMs);
      if (shipper.trouble === null) {
        await sayEnded(writing, instance).catch(() => {
          // It has gone this moment. What is said to live falls silent.
        });
      }
      if (spool.waiting > 0) {
        onTrouble(`${spool.waiting} rows of the ledger wait on disk for the next start`);
      }
      await connections.end();
      await spool.close();
    },
  };
}

async function beat(opened: Opened, shipper: Shipper): Promise<void> {
  const { writing } = opened.connections;
  try {
    await sayAlive(writing, opened.instance);
    await buryDead(writing);
    await forgetOldQuarters(writing, Date.now());
    shipper.noticed(null);
  } catch (error) {
    shipper.noticed(error);
  }
}

/** At the start and then every hour; with several gateways the least number of days counts. */
const forgetMs = 3_600_000;

async function forgetByAge(options: PostgresLedgerOptions, db: Pool): Promise<void> {
  const { keepDays = null, onForgotten = () => {}, onTrouble = () => {} } = options;
  if (keepDays === null) return;
  try {
    const rows = await forgetOldRows(db, rowsKeptFrom(keepDays, Date.now()));
    if (rows > 0) onForgotten(rows);
  } catch (error) {
    const reason = explainPostgres(error);
    onTrouble(`old rows could not be removed (LEDGER_KEEP_DAYS): ${reason}`);
  }
}

function stateOf(spool: Spool, shipper: Shipper): ReturnType<LedgerStore["state"]> {
  const { trouble } = shipper;
  const isFull = trouble !== null && spool.waiting >= spool.mayWait;
  return {
    trouble: isFull ? `${trouble}; the file of waiting rows is full` : trouble,
    notice: null,
    waiting: trouble === null ? 0 : spool.waiting,
    mayWait: spool.mayWait,
    lost: spool.lost + shipper.lost,
  };
}
