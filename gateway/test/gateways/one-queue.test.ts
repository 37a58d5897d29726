import { afterAll, beforeAll, expect, test } from "vitest";
import type { AskedChat } from "../support/gateways/asking.ts";
import { startTestCluster, type TestCluster } from "../support/gateways/test-cluster.ts";
import { until } from "../support/harness.ts";
import { noPostgres, postgresOfFile, withPostgres } from "../support/test-postgres.ts";

const patience = 150_000;
const postgres = postgresOfFile(patience);
let cluster: TestCluster;
beforeAll(async () => {
  if (noPostgres === null) cluster = await startTestCluster({ postgres });
}, patience);
afterAll(() => cluster?.[Symbol.asyncDispose](), patience);

withPostgres("three gateways with one queue", () => {
  test(
    "answer all, never run more than the slots, and write one row each",
    async () => {
      const gateways = await cluster.calm();
      const { upstream } = cluster;
      const names = Array.from({ length: 40 }, (_, index) => `request-${index}`);
      const asked = names.map((name, index) =>
        cluster.ask(gateways[index % 3] ?? "A", name, { stream: index % 2 === 0, forMs: 50 }),
      );
      const outcomes = await Promise.all(asked.map(({ outcome }) => outcome));
      expect(outcomes.filter(({ isWhole }) => !isWhole)).toEqual([]);
      expect(upstream.most()).toBe(2);
      const came = upstream.runs().map(({ name }) => name);
      expect(came.toSorted()).toEqual(names.toSorted());
      const done = async () => (await cluster.rows()).filter(({ state }) => state === "done");
      await until(async () => (await done()).length === 40, "all rows are in PostgreSQL");
      const rows = await cluster.rows();
      expect(rows.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    },
    patience,
  );

  test(
    "let a lone user pass another's backlog, whichever gateways they ask",
    async () => {
      const [one, other, third] = await cluster.calm();
      const { upstream } = cluster;
      for (let index = 0; index < 5; index++) {
        cluster.ask(one, `backlog-${index}`, { user: "alice" });
        cluster.ask(other, `more-${index}`, { user: "alice" });
      }
      await until(() => upstream.runs().length === 2, "the slots are full");
      const lone = cluster.ask(third, "lone");
      await until(() => lone.places.length > 0, "it is told its place");
      expect(lone.places).toEqual([1]);
      upstream.working()[0]?.finish();
      await until(() => upstream.runs().length === 3, "the next one starts");
      expect(upstream.runs()[2]?.name).toBe("lone");
    },
    patience,
  );

  test(
    "tell a request its place among the requests of all gateways: 3, 2, 1",
    async () => {
      const gateways = await cluster.calm();
      const { upstream } = cluster;
      for (const name of ["first", "second"]) cluster.ask(gateways[0], name, { user: "bob" });
      await until(() => upstream.runs().length === 2, "the slots are full");
      const waiting: AskedChat[] = [];
      for (const [index, gateway] of gateways.entries()) {
        const one = cluster.ask(gateway, `waiting-${index}`, { user: "bob" });
        await until(() => one.places.length > 0, "it is told its place");
        waiting.push(one);
      }
      expect(waiting.map(({ places }) => places)).toEqual([[1], [2], [3]]);
      const last = waiting[2];
      for (const place of [2, 1, 0]) {
        upstream.working()[0]?.finish();
        await until(() => last?.places.at(-1) === place, `it is told place ${place}`);
      }
      expect(last?.places).toEqual([3, 2, 1, 0]);
      upstream.finishAll();
      expect(await last?.outcome).toMatchObject({ isWhole: true });
    },
    patience,
  );

  test(
    "let a user with a limit of three requests make three, asked at once",
    async () => {
      const gateways = await cluster.calm();
      cluster.upstream.finishAll();
      const asked = Array.from({ length: 9 }, (_, index) =>
        cluster.ask(gateways[index % 3] ?? "A", `request-${index}`, { user: "limited-1" }),
      );
      const outcomes = await Promise.all(asked.map(({ outcome }) => outcome));
      expect(outcomes.filter(({ isWhole }) => isWhole)).toHaveLength(3);
      expect(outcomes.filter(({ status }) => status === 429)).toHaveLength(6);
    },
    patience,
  );
});

withPostgres("gateways that start", () => {
  test(
    "at once on an empty database agree on one keeper, and both serve",
    async () => {
      await using empty = await startTestCluster({ postgres, started: [] });
      await Promise.all([empty.start("A"), empty.start("B")]);
      empty.upstream.finishAll();
      const asked = [empty.ask("A", "at-a"), empty.ask("B", "at-b")];
      for (const { outcome } of asked) expect(await outcome).toMatchObject({ isWhole: true });
      const { name } = (await empty.keeper()) ?? {};
      const elected = (["A", "B"] as const).filter((one) =>
        empty.said(one).includes("this gateway keeps the queue now"),
      );
      expect(elected).toEqual([name]);
    },
    patience,
  );

  test(
    "with another secret serve nobody and say why, and the others go on",
    async () => {
      await using apart = await startTestCluster({ postgres, started: ["A"] });
      apart.upstream.finishAll();
      await apart.start("B", { env: { CLUSTER_SECRET: "another secret, which is long enough" } });
      expect(apart.said("B")).toMatch(/CLUSTER_SECRET differs/);
      const refused = await apart.ask("B", "refused").outcome;
      expect(refused).toMatchObject({ status: 503, error: "no_keeper" });
      // Addresses and secrets are no matter of a client: the log has the rest.
      expect(refused.message).toMatch(/the keeper cannot be reached/);
      expect(await apart.ask("A", "served").outcome).toMatchObject({ isWhole: true });
    },
    patience,
  );
});
