import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AskedChat } from "../support/gateways/asking.ts";
import { startTestCluster, type TestCluster } from "../support/gateways/test-cluster.ts";
import { gatewayNames } from "../support/gateways/test-networks.ts";
import { until } from "../support/harness.ts";
import { noPostgres, postgresOfFile, withPostgres } from "../support/test-postgres.ts";

const patience = 150_000;
const postgres = postgresOfFile(patience);
let cluster: TestCluster;
beforeAll(async () => {
  if (noPostgres === null) cluster = await startTestCluster({ postgres });
}, patience);
afterAll(() => cluster?.[Symbol.asyncDispose](), patience);

/** Each of them was answered, and has one row. */
async function expectAllOnce(asked: readonly AskedChat[]): Promise<void> {
  for (const { name, outcome } of asked) {
    expect({ name, ...(await outcome) }).toMatchObject({ name, isWhole: true });
  }
  expect(cluster.upstream.most()).toBeLessThanOrEqual(2);
  const done = async () => (await cluster.rows()).filter(({ state }) => state === "done");
  await until(async () => (await done()).length >= asked.length, "the rows are closed", 30_000);
  const rows = await cluster.rows();
  expect(rows.map(({ name }) => name).toSorted()).toEqual(asked.map(({ name }) => name).toSorted());
}

withPostgres("when PostgreSQL", () => {
  test(
    "is away, what runs goes on, nothing starts, and afterwards all is served",
    async () => {
      const [keeper, member, other] = await cluster.calm();
      const { upstream } = cluster;
      const running = [cluster.ask(keeper, "running-1"), cluster.ask(member, "running-2")];
      await until(() => upstream.runs().length === 2, "the slots are full");
      running.push(cluster.ask(other, "waiting"));
      await until(() => running[2]?.places.length !== 0, "it waits");
      await postgres.halt("fast");
      const haltedAt = performance.now();
      const seconds = (): number => (performance.now() - haltedAt) / 1_000;
      await until(() => seconds() > 4, "the keeper's lease is over");
      const added = [cluster.ask(keeper, "added-1"), cluster.ask(other, "added-2")];
      upstream.run("running-2")?.finish();
      expect(await running[1]?.outcome).toMatchObject({ isWhole: true });
      await until(
        () => {
          expect(upstream.runs()).toHaveLength(2);
          expect(upstream.run("running-1")).toMatchObject({ endedAt: null });
          return seconds() > 15;
        },
        "it was away for longer than the slot lease",
        20_000,
      );
      await postgres.start();
      await until(() => upstream.runs().length > 2, "the next one starts", 20_000);
      upstream.finishAll();
      await expectAllOnce([...running, ...added]);
    },
    patience,
  );

  test(
    "is restarted, no request fails",
    async () => {
      const [keeper, member, other] = await cluster.calm();
      const { upstream } = cluster;
      const asked = [cluster.ask(keeper, "running-1"), cluster.ask(member, "running-2")];
      await until(() => upstream.runs().length === 2, "the slots are full");
      asked.push(cluster.ask(other, "waiting"));
      await until(() => asked[2]?.places.length !== 0, "it waits");
      await postgres.halt("fast");
      asked.push(cluster.ask(member, "meanwhile"));
      await postgres.start();
      upstream.finishAll();
      asked.push(cluster.ask(other, "afterwards"));
      await expectAllOnce(asked);
    },
    patience,
  );

  test(
    "hangs at the keeper's row for five seconds, no request fails",
    async () => {
      const [keeper, member, other] = await cluster.calm();
      const { upstream } = cluster;
      const asked = [cluster.ask(keeper, "running-1"), cluster.ask(member, "running-2")];
      await until(() => upstream.runs().length === 2, "the slots are full");
      const client = new pg.Client({ connectionString: cluster.databaseUrl });
      await client.connect();
      await client.query("BEGIN; LOCK TABLE keeper IN ACCESS EXCLUSIVE MODE");
      asked.push(cluster.ask(other, "meanwhile"));
      await client.query("SELECT pg_sleep(5)");
      await client.query("COMMIT");
      await client.end();
      expect(upstream.working()).toHaveLength(2);
      expect(upstream.runs()).toHaveLength(2);
      upstream.finishAll();
      await expectAllOnce(asked);
    },
    patience,
  );

  test(
    "is slow, no request fails",
    async () => {
      await cluster.calm();
      for (const name of gatewayNames) cluster.toDatabase(name).delay(150);
      const asked = Array.from({ length: 12 }, (_, index) =>
        cluster.ask(gatewayNames[index % 3] ?? "A", `request-${index}`, { forMs: 100 }),
      );
      await expectAllOnce(asked);
    },
    patience,
  );

  test(
    "is full, no request fails, and the rows follow when there is room",
    async () => {
      await cluster.calm();
      await postgres.query(
        cluster.databaseUrl,
        `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON generations EXECUTE FUNCTION full_disk();`,
      );
      cluster.upstream.finishAll();
      const asked = gatewayNames.map((name) => cluster.ask(name, `at-${name}`));
      for (const { outcome } of asked) expect(await outcome).toMatchObject({ isWhole: true });
      expect(await cluster.rows()).toEqual([]);
      await postgres.query(cluster.databaseUrl, "DROP TRIGGER full_disk ON generations");
      await expectAllOnce(asked);
    },
    patience,
  );
});
