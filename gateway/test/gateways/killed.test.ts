import { afterAll, beforeAll, expect, test } from "vitest";
import type { AskedChat } from "../support/gateways/asking.ts";
import { startTestCluster, type TestCluster } from "../support/gateways/test-cluster.ts";
import type { GatewayName } from "../support/gateways/test-networks.ts";
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

withPostgres("after kill -9 of a member", () => {
  test(
    "its slots are given away when the upstream is idle, and all others are answered",
    async () => {
      const [keeper, member, other] = await cluster.calm();
      const { upstream } = cluster;
      for (const name of ["lost-1", "lost-2"]) cluster.ask(member, name);
      await until(() => upstream.runs().length === 2, "the slots are full");
      const waiting = [cluster.ask(keeper, "waiting-1"), cluster.ask(other, "waiting-2")];
      await until(() => waiting.every(({ places }) => places.length > 0), "they wait");
      const openOf = async (): Promise<(string | undefined)[]> =>
        (await cluster.rows()).flatMap(({ state, name }) => (state === "open" ? [name] : []));
      // Until then a row is on the disk of its gateway alone.
      await until(async () => {
        const open = await openOf();
        return ["lost-1", "lost-2"].every((name) => open.includes(name));
      }, "its rows are in PostgreSQL");
      const killedAt = performance.now();
      await cluster.kill(member);
      await until(() => upstream.runs().length === 4, "its slots are used", 20_000);
      expect(((upstream.runs()[2]?.startedAt ?? 0) - killedAt) / 1_000).toBeLessThan(8);
      upstream.finishAll();
      for (const { outcome } of waiting) expect(await outcome).toMatchObject({ isWhole: true });
      expect(upstream.most()).toBe(2);
      await until(async () => (await done()).length === 2, "the rows of the others are closed");
      // They are closed as interrupted when their gateway has said nothing for two minutes.
      expect((await openOf()).toSorted()).toEqual(["lost-1", "lost-2"]);
    },
    patience,
  );
});

/** Asks one after the other, so that their order is certain. */
async function askInOrder(
  asked: readonly (readonly [GatewayName, user: string, name: string])[],
): Promise<AskedChat[]> {
  const waiting: AskedChat[] = [];
  for (const [gateway, user, name] of asked) {
    const one = cluster.ask(gateway, name, { user });
    await until(() => one.places.length > 0, `${name} waits`);
    waiting.push(one);
  }
  return waiting;
}

withPostgres("after kill -9 of the keeper", () => {
  test(
    "what runs goes on, what waits keeps its order, and a free slot is used soon",
    async () => {
      const [keeper, one, other] = await cluster.calm();
      const { upstream } = cluster;
      const running = [cluster.ask(one, "running-1"), cluster.ask(other, "running-2")];
      await until(() => upstream.runs().length === 2, "the slots are full");
      const waiting = await askInOrder([
        [one, "alice", "alice-1"],
        [other, "alice", "alice-2"],
        [other, "bob", "bob-1"],
        [one, "alice", "alice-3"],
        [one, "bob", "bob-2"],
      ]);
      const killedAt = performance.now();
      await cluster.kill(keeper);
      upstream.run("running-1")?.finish();
      await until(() => upstream.runs().length === 3, "the next one starts", 20_000);
      const seconds = ((upstream.runs()[2]?.startedAt ?? 0) - killedAt) / 1_000;
      expect(seconds).toBeLessThan(5);
      expect(upstream.run("running-2")).toMatchObject({ endedAt: null });
      for (let started = 3; started < 7; started++) {
        upstream.working().at(-1)?.finish();
        await until(() => upstream.runs().length === started + 1, "the next one starts");
      }
      upstream.finishAll();
      const all = [...running, ...waiting];
      for (const { outcome } of all) expect(await outcome).toMatchObject({ isWhole: true });
      const names = upstream.runs().map(({ name }) => name);
      const of = (user: RegExp) => names.filter((name) => user.test(name));
      expect(of(/^alice/)).toEqual(["alice-1", "alice-2", "alice-3"]);
      expect(of(/^bob/)).toEqual(["bob-1", "bob-2"]);
      expect(names.toSorted()).toEqual(all.map(({ name }) => name).toSorted());
      expect(upstream.most()).toBe(2);
      await until(async () => (await done()).length === 7, "all rows are closed");
      const rows = await cluster.rows();
      expect(rows.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    },
    patience,
  );

  test(
    "and a start at once, the new process is another gateway in a later term",
    async () => {
      const [keeper, member] = await cluster.calm();
      const { upstream } = cluster;
      cluster.ask(keeper, "lost");
      const running = cluster.ask(member, "running");
      await until(() => upstream.runs().length === 2, "the slots are full");
      const waiting = cluster.ask(member, "waiting");
      await until(() => waiting.places.length > 0, "it waits");
      const { term = 0 } = (await cluster.keeper()) ?? {};
      await cluster.kill(keeper);
      await cluster.start(keeper);
      const later = async () => ((await cluster.keeper())?.term ?? 0) > term;
      await until(later, "there is a later term");
      await until(() => upstream.run("waiting") !== undefined, "its slot is used again", 20_000);
      upstream.finishAll();
      for (const { outcome } of [running, waiting, cluster.ask(keeper, "afterwards")]) {
        expect(await outcome).toMatchObject({ isWhole: true });
      }
      expect(upstream.most()).toBe(2);
    },
    patience,
  );

  test(
    "a user with a limit of three requests has made the same ones as before",
    async () => {
      const [keeper, one, other] = await cluster.calm();
      cluster.upstream.finishAll();
      const ask = (gateway: GatewayName, name: string) =>
        cluster.ask(gateway, name, { user: "limited-2" });
      for (const { outcome } of [ask(one, "before-1"), ask(other, "before-2")]) {
        expect(await outcome).toMatchObject({ isWhole: true });
      }
      await until(async () => (await done()).length === 2, "their rows are in PostgreSQL");
      await cluster.kill(keeper);
      const asked = [ask(one, "after-1"), ask(other, "after-2"), ask(one, "after-3")];
      const outcomes = await Promise.all(asked.map(({ outcome }) => outcome));
      expect(outcomes.filter(({ isWhole }) => isWhole)).toHaveLength(1);
      expect(outcomes.filter(({ status }) => status === 429)).toHaveLength(2);
    },
    patience,
  );
});
