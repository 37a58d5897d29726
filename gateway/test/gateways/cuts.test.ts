import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestCluster, type TestCluster } from "../support/gateways/test-cluster.ts";
import { until } from "../support/harness.ts";
import { noPostgres, postgresOfFile, withPostgres } from "../support/test-postgres.ts";

const patience = 150_000;
const postgres = postgresOfFile(patience);
let cluster: TestCluster;
beforeAll(async () => {
  if (noPostgres === null) cluster = await startTestCluster({ postgres, showsSlots: true });
}, patience);
afterAll(() => cluster?.[Symbol.asyncDispose](), patience);

const done = async () => (await cluster.rows()).filter(({ state }) => state === "done");

withPostgres("a network that is cut", () => {
  test(
    "between the keeper and PostgreSQL gives the queue to another, and what runs goes on",
    async () => {
      const [keeper, member, other] = await cluster.calm();
      const { upstream } = cluster;
      const running = [cluster.ask(keeper, "running-1"), cluster.ask(member, "running-2")];
      await until(() => upstream.runs().length === 2, "the slots are full");
      const waiting = [cluster.ask(keeper, "waiting-1"), cluster.ask(other, "waiting-2")];
      await until(() => waiting.every(({ places }) => places.length > 0), "they wait");
      const cutAt = performance.now();
      cluster.toDatabase(keeper).cut();
      const next = async () => (await cluster.keeper())?.name ?? keeper;
      await until(async () => (await next()) !== keeper, "another one is the keeper", 15_000);
      const says = (): string => cluster.said(keeper);
      await until(() => says().includes("another gateway keeps the queue now"), "it hears of it");
      await until(() => performance.now() - cutAt > 9_000, "longer than the slot lease", 12_000);
      expect(upstream.working()).toHaveLength(2);
      expect(upstream.runs()).toHaveLength(2);
      upstream.finishAll();
      for (const { outcome } of [...running, ...waiting, cluster.ask(keeper, "afterwards")]) {
        expect(await outcome).toMatchObject({ isWhole: true });
      }
      expect(upstream.most()).toBe(2);
      cluster.toDatabase(keeper).heal();
      await until(async () => (await done()).length === 5, "all rows arrive", 20_000);
      expect(await cluster.rows()).toHaveLength(5);
    },
    patience,
  );

  test(
    "between a member and PostgreSQL changes nothing for its clients",
    async () => {
      const [keeper, member, other] = await cluster.calm();
      const { upstream } = cluster;
      const running = cluster.ask(member, "running");
      await until(() => upstream.runs().length === 1, "it runs");
      const cutAt = performance.now();
      cluster.toDatabase(member).cut();
      const meanwhile = cluster.ask(member, "meanwhile", { forMs: 50 });
      expect(await meanwhile.outcome).toMatchObject({ isWhole: true });
      await until(() => performance.now() - cutAt > 9_000, "longer than the slot lease", 12_000);
      expect(upstream.run("running")).toMatchObject({ endedAt: null });
      upstream.finishAll();
      for (const { outcome } of [
        running,
        cluster.ask(member, "later"),
        cluster.ask(other, "more"),
      ]) {
        expect(await outcome).toMatchObject({ isWhole: true });
      }
      expect((await cluster.keeper())?.name).toBe(keeper);
      cluster.toDatabase(member).heal();
      await until(async () => (await done()).length === 4, "all rows arrive", 20_000);
      expect(await cluster.rows()).toHaveLength(4);
    },
    patience,
  );
});

withPostgres("a slot that the keeper gives", () => {
  test(
    "is not used if it arrives after the lease that it rests on",
    async () => {
      const [keeper, member, other] = await cluster.calm();
      const { upstream } = cluster;
      const first = cluster.ask(keeper, "first");
      const running = cluster.ask(other, "running");
      await until(() => upstream.runs().length === 2, "the slots are full");
      const late = cluster.ask(member, "late");
      await until(() => late.places.length > 0, "it waits");
      cluster.between(keeper, member).silence("answers");
      // Its slot is given to the member, which does not hear of it.
      upstream.run("first")?.finish();
      expect(await first.outcome).toMatchObject({ isWhole: true });
      const next = cluster.ask(keeper, "next");
      await until(() => upstream.run("next") !== undefined, "it is given to another one", 40_000);
      cluster.between(keeper, member).heal();
      // The member has a session again when the keeper has told it its place.
      const told = late.places.length;
      await until(
        () => late.places.length > told || late.now() !== null,
        "it hears the keeper",
      ).catch(() => {});
      expect(upstream.run("late")).toBeUndefined();
      upstream.finishAll();
      for (const { outcome } of [running, next, late]) {
        expect(await outcome).toMatchObject({ isWhole: true });
      }
      expect(upstream.most()).toBe(2);
      expect(upstream.runs()).toHaveLength(4);
    },
    patience,
  );
});
