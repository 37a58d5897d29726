import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { newTestKey, until } from "../harness.ts";
import { newDirectory, remove, type Spawned, spawnGateway } from "../spawned-gateway.ts";
import type { TestPostgres } from "../test-postgres.ts";
import { type AskedChat, type AskOptions, ask } from "./asking.ts";
import {
  type CountingOptions,
  type CountingUpstream,
  startCountingUpstream,
} from "./counting-upstream.ts";
import {
  type GatewayName,
  gatewayNames,
  openTestNetworks,
  type TestNetworks,
} from "./test-networks.ts";

export type StoredRow = {
  readonly name: string;
  readonly state: string;
};

/** Three gateways as people start them, with one database and one upstream of two slots. */
export type TestCluster = Pick<TestNetworks, "between" | "toDatabase"> & {
  readonly upstream: CountingUpstream;
  /** Of the database, without a proxy. */
  readonly databaseUrl: string;
  /**
   * Begins a test: all runs, nothing is broken, no request is under way, and nothing was counted.
   * Gives the keeper and the two others.
   */
  calm(): Promise<readonly [keeper: GatewayName, GatewayName, GatewayName]>;
  /** Starts it, or starts it again. Rejects if it ends instead. */
  start(name: GatewayName, change?: GatewayChange): Promise<void>;
  gateway(name: GatewayName): Spawned;
  /** All that it has told since it was started. */
  said(name: GatewayName): string;
  /** The name is that of the request in this test. */
  ask(at: GatewayName, name: string, options?: AskOptions): AskedChat;
  /** Ends it as a crash does. */
  kill(name: GatewayName): Promise<void>;
  /** Who has the lease; null: nobody. */
  keeper(): Promise<{ name: GatewayName; term: number } | null>;
  /** The rows of this test's requests, oldest first. */
  rows(): Promise<StoredRow[]>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** How one gateway differs from the others. */
export type GatewayChange = {
  readonly env?: Record<string, string>;
  readonly upstreamName?: string;
};

export type TestClusterOptions = CountingOptions & {
  readonly postgres: TestPostgres;
  /** Those that are started; the first one is the keeper. */
  readonly started?: readonly GatewayName[];
};

/** These may make three requests in an hour. */
const limited = ["limited-1", "limited-2"];

export const clusterSecret = "the secret of one test, which is long enough";

const usual = {
  ...{ CLUSTER_SECRET: clusterSecret, WORKERS: "1" },
  ...{ ENABLE_RATE_LIMITING: "true", MAX_REQUESTS: "1000", RATE_LIMIT_WINDOW: "60" },
  ...{ MAX_CONCURRENT: "2", USERS_FILE: "users.json", DRAIN_TIMEOUT: "20s" },
  NODE_COMPILE_CACHE: join(import.meta.dirname, "../../../../node_modules/.cache/llm-gateway"),
};

export async function startTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  await using opening = new AsyncDisposableStack();
  const { postgres, started = gatewayNames } = options;
  const databaseUrl = await postgres.database();
  const upstream = opening.adopt(await startCountingUpstream(options), (one) => one.close());
  const networks = await openTestNetworks(postgres.port, opening);
  const people = openPeople();
  const gateways = openGateways({ ...options, databaseUrl, networks, people, upstream }, opening);
  const { start, gateway } = gateways;
  const [first, ...others] = started;
  if (first !== undefined) await start(first);
  await Promise.all(others.map((name) => start(name)));
  const { keeper, rowsOf, holdsNothing } = readsOf(postgres, databaseUrl, networks);
  let round = 0;
  let asked: AskedChat[] = [];
  const owned = opening.move();
  return {
    ...{ upstream, databaseUrl, start, gateway, keeper },
    ...{ between: networks.between, toDatabase: networks.toDatabase },
    async calm() {
      networks.heal();
      upstream.finishAll();
      await gateways.startEnded();
      const keeperOf = () => agreedKeeper(networks, gateways.names());
      await until(async () => (await keeperOf()) !== null, "all have one keeper", 30_000);
      await Promise.all(asked.map(({ outcome }) => outcome));
      await until(() => upstream.working().length === 0, "nothing is under way");
      // What a gateway of the test before may still hold would be kept for it by the next keeper.
      await until(holdsNothing, "no gateway holds a slot, nor one that was killed", 30_000);
      upstream.forget();
      asked = [];
      round += 1;
      const name = (await keeperOf()) ?? "A";
      const [one = "B", other = "C"] = gatewayNames.filter((another) => another !== name);
      return [name, one, other];
    },
    ask(name, request, { user = people.next(), ...how } = {}) {
      const requestId = `${round}.${request}`;
      const at = { url: networks.urlOf(name), key: people.keyOf(user), requestId };
      const one = ask(at, request, how);
      asked.push(one);
      return one;
    },
    said: (name) => gateway(name).stdout() + gateway(name).stderr(),
    async kill(name) {
      gateway(name).child.kill("SIGKILL");
      await gateway(name).ended;
    },
    rows: () => rowsOf(`${round}.`),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

type People = { next(): string; keyOf(user: string): string; readonly file: string };

/** A new person for each request, so that no history counts, if the test does not name one. */
function openPeople(): People {
  const names = Array.from({ length: 300 }, (_, index) => `person-${index}`);
  const keys = new Map([...names, ...limited, "alice", "bob"].map((user) => [user, newTestKey()]));
  const entries = [...keys].map(([user, key]) => {
    return [key, limited.includes(user) ? { user, limits: { requests: 3 } } : user];
  });
  let used = 0;
  return {
    next: () => names[used++ % names.length] ?? "",
    keyOf: (user) => keys.get(user) ?? "",
    file: JSON.stringify(Object.fromEntries(entries)),
  };
}

type GatewaysParts = CountingOptions & {
  databaseUrl: string;
  networks: TestNetworks;
  people: People;
  upstream: CountingUpstream;
};

type Gateways = Pick<TestCluster, "start" | "gateway"> & {
  names(): readonly GatewayName[];
  startEnded(): Promise<void>;
};

function openGateways(parts: GatewaysParts, opening: AsyncDisposableStack): Gateways {
  const { databaseUrl, networks, people, upstream, showsSlots = false } = parts;
  const dirs = new Map(gatewayNames.map((name) => [name, newDirectory()]));
  opening.defer(() => [...dirs.values()].forEach(remove));
  const running = new Map<GatewayName, Spawned>();
  opening.defer(async () => {
    for (const { child } of running.values()) child.kill("SIGKILL");
    await Promise.all([...running.values()].map(({ ended }) => ended));
  });
  const gateway = (name: GatewayName): Spawned => {
    const one = running.get(name);
    if (one === undefined) throw new Error(`gateway ${name} was never started`);
    return one;
  };
  const start: TestCluster["start"] = async (name, { env = {}, upstreamName = "gpu" } = {}) => {
    const dir = dirs.get(name) ?? "";
    const type = showsSlots ? "llamacpp" : "openai";
    const config = { upstreams: { [upstreamName]: { url: upstream.url, type } } };
    writeFileSync(join(dir, "config.yaml"), JSON.stringify(config));
    writeFileSync(join(dir, "users.json"), people.file);
    const all = { ...usual, ...networks.envOf(name, databaseUrl), ...env };
    const one = await spawnGateway(dir, all, { ready: false });
    running.set(name, one);
    await serves(one);
  };
  return {
    ...{ start, gateway, names: () => [...running.keys()] },
    async startEnded() {
      const ended = [...running].filter(([, { child }]) => {
        return child.exitCode !== null || child.signalCode !== null;
      });
      await Promise.all(ended.map(([name]) => start(name)));
    },
  };
}

/** Resolves when it answers at its port. Rejects with what it says if it ends instead. */
async function serves({ stderr, ended }: Spawned): Promise<void> {
  let end: number | string | null | undefined;
  void ended.then((code) => {
    end = code;
  });
  const isThere = (): boolean => /http:\/\/[\d.]+:\d+\/v1/.test(stderr());
  await until(() => isThere() || end !== undefined, "it starts", 60_000);
  if (!isThere()) throw new Error(`it ended with ${end}: ${stderr()}`);
}

/** The keeper that all of them know; null: they do not agree, or one does not answer. */
async function agreedKeeper(
  { urlOf, nameOf }: TestNetworks,
  names: readonly GatewayName[],
): Promise<GatewayName | null> {
  const keepers = await Promise.all(
    names.map(async (name) => {
      const answer = await fetch(`${urlOf(name)}/health`).catch(() => null);
      const { cluster } = ((await answer?.json()) ?? {}) as { cluster?: { keeper: string | null } };
      return nameOf(cluster?.keeper ?? "");
    }),
  );
  const [first = null] = keepers;
  return keepers.every((one) => one === first) ? first : null;
}

function readsOf(postgres: TestPostgres, databaseUrl: string, { nameOf }: TestNetworks) {
  return {
    async holdsNothing(): Promise<boolean> {
      const held = "SELECT 1 FROM gateways WHERE holds <> '{}'";
      return (await postgres.query(databaseUrl, held)).length === 0;
    },
    async keeper() {
      const [row] = await postgres.query<{ address: string; term: number }>(
        databaseUrl,
        "SELECT address, term FROM keeper WHERE until > clock_timestamp()",
      );
      const name = row === undefined ? null : nameOf(row.address);
      return row === undefined || name === null ? null : { name, term: row.term };
    },
    rowsOf: (prefix: string) =>
      postgres.query<StoredRow>(
        databaseUrl,
        `SELECT substr(request_id, ${prefix.length + 1}) AS name, state FROM generations
           WHERE starts_with(request_id, '${prefix}') ORDER BY started_at, number`,
      ),
  };
}
