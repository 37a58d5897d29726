import { expect, test } from "vitest";
import type { AskedChat } from "../support/gateways/asking.ts";
import { startTestCluster, type TestCluster } from "../support/gateways/test-cluster.ts";
import type { GatewayName } from "../support/gateways/test-networks.ts";
import { until } from "../support/harness.ts";
import { postgresOfFile, withPostgres } from "../support/test-postgres.ts";

const patience = 150_000;
const postgres = postgresOfFile(patience);

/** The first one is the keeper. */
const started = ["A", "C"] as const;

type Full = { lost: AskedChat; running: AskedChat; waiting: AskedChat };

/** `silent` uses one slot of two, and the other gateway the other; a third request waits there. */
async function fill(cluster: TestCluster, silent: GatewayName): Promise<Full> {
  const other = silent === "A" ? "C" : "A";
  const lost = cluster.ask(silent, "lost");
  const running = cluster.ask(other, "running");
  await until(() => cluster.upstream.runs().length === 2, "the slots are full");
  const waiting = cluster.ask(other, "waiting");
  await until(() => waiting.places.length > 0, "it waits");
  return { lost, running, waiting };
}

/** The upstream shows nothing of its slots: so only time frees the slot of `silent`. */
async function slotIsUsedAgain({ upstream }: TestCluster, since: number): Promise<void> {
  await until(() => upstream.run("waiting") !== undefined, "its slot is used again", 30_000);
  const seconds = ((upstream.run("waiting")?.startedAt ?? 0) - since) / 1_000;
  expect(seconds).toBeGreaterThan(8);
  expect(seconds).toBeLessThan(17);
}

async function endWhole(cluster: TestCluster, asked: readonly AskedChat[]): Promise<void> {
  cluster.upstream.finishAll();
  for (const { outcome } of asked) expect(await outcome).toMatchObject({ isWhole: true });
}

/**
 * Freezes a gateway for longer than both leases. Its upstream goes on to work for it, so one request
 * is too much there.
 */
async function freezeAndThaw(cluster: TestCluster, silent: GatewayName): Promise<void> {
  await cluster.calm();
  const { upstream } = cluster;
  const { lost, running, waiting } = await fill(cluster, silent);
  const since = performance.now();
  cluster.gateway(silent).child.kill("SIGSTOP");
  await slotIsUsedAgain(cluster, since);
  expect(upstream.working()).toHaveLength(3);
  cluster.gateway(silent).child.kill("SIGCONT");
  expect(await lost.outcome).toMatchObject({ status: 200, isWhole: false, error: "slot_lost" });
  await until(() => upstream.run("lost")?.isLeft === true, "the upstream hears of it");
  expect(upstream.run("running")).toMatchObject({ endedAt: null });
  await endWhole(cluster, [running, waiting, cluster.ask(silent, "afterwards")]);
  expect(upstream.most()).toBe(3);
  expect(upstream.runs()).toHaveLength(4);
}

withPostgres("a gateway that is silent for longer than the slot lease", () => {
  test.concurrent(
    "as a frozen keeper gives way, stops what it ran, and serves as a member",
    async () => {
      await using cluster = await startTestCluster({ postgres, started });
      await freezeAndThaw(cluster, "A");
      expect((await cluster.keeper())?.name).not.toBe("A");
      expect(cluster.said("A")).toMatch(/another gateway keeps the queue now/);
    },
    patience,
  );

  test.concurrent(
    "as a frozen member stops what it ran, and serves again",
    async () => {
      await using cluster = await startTestCluster({ postgres, started });
      await freezeAndThaw(cluster, "C");
      expect((await cluster.keeper())?.name).toBe("A");
    },
    patience,
  );

  test.concurrent(
    "as a killed member loses its slot",
    async () => {
      await using cluster = await startTestCluster({ postgres, started });
      await cluster.calm();
      const { running, waiting } = await fill(cluster, "C");
      const since = performance.now();
      await cluster.kill("C");
      await slotIsUsedAgain(cluster, since);
      await endWhole(cluster, [running, waiting]);
      expect(cluster.upstream.most()).toBe(2);
    },
    patience,
  );

  test.concurrent(
    "as a member without a way to the keeper stops first, and then its slot is used",
    async () => {
      await using cluster = await startTestCluster({ postgres, started });
      await cluster.calm();
      const { lost, running, waiting } = await fill(cluster, "C");
      const since = performance.now();
      cluster.between("A", "C").silence();
      expect(await lost.outcome).toMatchObject({ status: 200, error: "slot_lost" });
      await slotIsUsedAgain(cluster, since);
      expect(cluster.upstream.run("lost")).toMatchObject({ isLeft: true });
      cluster.between("A", "C").heal();
      await endWhole(cluster, [running, waiting, cluster.ask("C", "afterwards")]);
      expect(cluster.upstream.most()).toBe(2);
    },
    patience,
  );

  test.concurrent(
    "as a member without a way to anybody stops first, and says why it serves nobody",
    async () => {
      await using cluster = await startTestCluster({ postgres, started });
      await cluster.calm();
      const { lost, running, waiting } = await fill(cluster, "C");
      const ways = [cluster.between("A", "C"), cluster.toDatabase("C")];
      const since = performance.now();
      for (const way of ways) way.silence();
      expect(await lost.outcome).toMatchObject({ status: 200, error: "slot_lost" });
      const refused = await cluster.ask("C", "refused").outcome;
      expect(refused).toMatchObject({ status: 503, error: "no_keeper" });
      expect(refused.message).toMatch(/database/);
      await slotIsUsedAgain(cluster, since);
      for (const way of ways) way.heal();
      await endWhole(cluster, [running, waiting, cluster.ask("C", "afterwards")]);
      expect(cluster.upstream.most()).toBe(2);
    },
    patience,
  );
});
