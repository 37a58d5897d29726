import { randomUUID } from "node:crypto";
import { createServer } from "node:net";
import type pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../test/support/harness.ts";
import { postgresOfFile, withPostgres } from "../../test/support/test-postgres.ts";
import type { Election } from "../election.ts";
import { addressTowardsPostgres } from "./address-towards.ts";
import { createClient } from "./connect.ts";
import { createElection } from "./election.ts";
import { migratePostgres } from "./schema.ts";

const postgres = postgresOfFile();

async function newDatabase(): Promise<string> {
  const url = await postgres.database();
  const client = await connectedTo(url);
  await migratePostgres(client);
  return url;
}

async function connectedTo(url: string): Promise<pg.Client> {
  const client = createClient(url);
  client.on("error", () => {});
  await client.connect();
  onTestFinished(() => client.end().catch(() => {}));
  return client;
}

type Options = { leaseMs?: number; patienceMs?: number };

function electionAt(url: string, { leaseMs = 20_000, patienceMs }: Options = {}): Election {
  const election = createElection({
    ...{ url, leaseMs },
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  onTestFinished(() => election.close());
  return election;
}

const newGateway = (): { gateway: string; address: string } => {
  const gateway = randomUUID();
  return { gateway, address: `10.0.0.1:${gateway.slice(0, 4)}` };
};

/** Ends the lease of the keeper, as time does. */
const lapse = (client: pg.Client): Promise<unknown> =>
  client.query("UPDATE keeper SET until = clock_timestamp() - interval '1 s'");

async function isWaiting(client: pg.Client, part: string): Promise<boolean> {
  const { rows } = await client.query(
    `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1`,
    [`%${part}%`],
  );
  return rows.length > 0;
}

/** How long it took to reject, in ms, and why. */
async function rejection(asked: Promise<unknown>): Promise<{ ms: number; why: string }> {
  const from = performance.now();
  const why = await asked.then(
    () => "it did not reject",
    (error: Error) => error.message,
  );
  return { ms: performance.now() - from, why };
}

withPostgres("the election of a keeper", () => {
  test("has one winner among ten that campaign at once", async () => {
    const url = await newDatabase();
    const client = await connectedTo(url);
    for (const term of [1, 2, 3]) {
      const terms = await Promise.all(
        Array.from({ length: 10 }, () => electionAt(url).campaign(newGateway())),
      );
      expect(terms.filter((one) => one !== null)).toEqual([term]);
      await lapse(client);
    }
  });

  test("gives a new term to a new holder, and keeps that of the same one over a gap", async () => {
    const url = await newDatabase();
    const client = await connectedTo(url);
    const [first, second] = [newGateway(), newGateway()];
    const [one, other] = [electionAt(url), electionAt(url)];
    expect(await one.campaign(first)).toBe(1);
    expect(await one.campaign(first)).toBe(1);
    expect(await other.campaign(second)).toBeNull();
    await lapse(client);
    expect((await one.look()).keeper?.lapsed).toBe(true);
    expect(await one.campaign(first)).toBe(1);
    await lapse(client);
    expect(await other.campaign(second)).toBe(2);
    expect(await one.campaign(first)).toBeNull();
    expect((await one.look()).keeper).toEqual({
      ...{ holder: second.gateway, address: second.address },
      ...{ term: 2, lapsed: false },
    });
  });

  test("ends a lease by the clock of the database, and renews it from each campaign", async () => {
    const url = await newDatabase();
    const election = electionAt(url, { leaseMs: 300 });
    const self = newGateway();
    await election.campaign(self);
    const client = await connectedTo(url);
    const untilOf = async (): Promise<Date> =>
      (await client.query<{ until: Date }>("SELECT until FROM keeper")).rows[0]?.until ??
      new Date(0);
    const before = await untilOf();
    await election.campaign(self);
    expect((await untilOf()).getTime()).toBeGreaterThan(before.getTime());
    await until(async () => (await election.look()).keeper?.lapsed === true, "the lease ends");
  });

  test("lets another one in at once after the keeper resigned, and nobody else resigns", async () => {
    const url = await newDatabase();
    const [first, second] = [newGateway(), newGateway()];
    const [one, other] = [electionAt(url), electionAt(url)];
    await one.campaign(first);
    await other.resign(second.gateway);
    expect(await other.campaign(second)).toBeNull();
    await one.resign(first.gateway);
    expect(await other.campaign(second)).toBe(2);
    await one.resign(first.gateway);
    expect((await one.look()).keeper).toMatchObject({ holder: second.gateway, lapsed: false });
  });

  test("knows a gateway that was restarted by its new UUID: it waits, and raises the term", async () => {
    const url = await newDatabase();
    const address = "10.0.0.1:7000";
    expect(await electionAt(url).campaign({ gateway: randomUUID(), address })).toBe(1);
    const restarted = { gateway: randomUUID(), address };
    expect(await electionAt(url).campaign(restarted)).toBeNull();
    await lapse(await connectedTo(url));
    expect(await electionAt(url).campaign(restarted)).toBe(2);
  });
});

/** A database with one gateway, which is the keeper of the first term. */
async function withKeeper() {
  const url = await newDatabase();
  const client = await connectedTo(url);
  const first = newGateway();
  const one = electionAt(url);
  await one.enter({ ...first, version: "1" });
  await one.campaign(first);
  return { url, client, first, one };
}

withPostgres("the row of a gateway", () => {
  test("is written, changed while the term holds, and removed", async () => {
    const url = await newDatabase();
    const election = electionAt(url);
    const self = newGateway();
    const row = { ...self, version: "1.0.0", holds: {} };
    expect(await election.look()).toEqual({ keeper: null, gateways: [] });
    await election.enter({ ...self, version: "1.0.0" });
    expect(await election.hold(self.gateway, { gpu1: 2 }, 1)).toBe(false);
    const term = (await election.campaign(self)) ?? 0;
    expect(await election.hold(self.gateway, { gpu1: 2 }, term)).toBe(true);
    expect((await election.look()).gateways).toEqual([{ ...row, holds: { gpu1: 2 } }]);
    expect(await election.hold(self.gateway, { gpu1: 9 }, term + 1)).toBe(false);
    expect(await election.hold(randomUUID(), { gpu1: 9 }, term)).toBe(false);
    await election.enter({ ...self, version: "1.0.1" });
    const renewed = { ...row, version: "1.0.1", holds: { gpu1: 2 } };
    expect((await election.look()).gateways).toEqual([renewed]);
    await election.forget([self.gateway, randomUUID()]);
    expect(await election.hold(self.gateway, {}, term)).toBe(false);
    expect((await election.look()).gateways).toEqual([]);
  });

  test("an election waits for what is being held, and the new keeper sees it", async () => {
    const { url, client, first, one } = await withKeeper();
    const [second, other] = [newGateway(), electionAt(url)];
    await lapse(client);
    // Its row is locked, so the statement stops after it has looked at the term.
    await client.query("BEGIN; SELECT 1 FROM gateways FOR UPDATE");
    const held = one.hold(first.gateway, { gpu1: 3 }, 1);
    const watch = await connectedTo(url);
    await until(() => isWaiting(watch, "UPDATE gateways"), "the holding waits for its row");
    const elected = other.campaign(second);
    await until(() => isWaiting(watch, "INSERT INTO keeper"), "the election waits for it");
    await client.query("COMMIT");
    expect([await held, await elected]).toEqual([true, 2]);
    expect((await other.look()).gateways[0]?.holds).toEqual({ gpu1: 3 });
    expect(await one.hold(first.gateway, { gpu1: 4 }, 1)).toBe(false);
  });

  test("what is held under an old term waits for the election, and is refused", async () => {
    const { url, client, first, one } = await withKeeper();
    await client.query("BEGIN");
    await client.query("UPDATE keeper SET holder = 'another', term = 2");
    const held = one.hold(first.gateway, { gpu1: 5 }, 1);
    const watch = await connectedTo(url);
    await until(() => isWaiting(watch, "UPDATE gateways"), "the holding waits for the election");
    await client.query("COMMIT");
    expect(await held).toBe(false);
    expect((await one.look()).gateways[0]?.holds).toEqual({});
  });

  test("a renewal that is under way refuses nothing of its own term", async () => {
    const { url, client, first, one } = await withKeeper();
    await client.query("BEGIN; UPDATE keeper SET until = until + interval '1 s'");
    const held = one.hold(first.gateway, { gpu1: 5 }, 1);
    const watch = await connectedTo(url);
    await until(() => isWaiting(watch, "UPDATE gateways"), "the holding waits for the renewal");
    await client.query("COMMIT");
    expect(await held).toBe(true);
  });

  test("a call that was given up and arrives late changes nothing", async () => {
    const { url, client, first: self, one } = await withKeeper();
    await one.hold(self.gateway, { gpu1: 7 }, 1);
    await one.campaign(self);
    await one.enter({ ...self, version: "1" });
    // Such a call has an older number.
    const late = electionAt(url);
    expect(await late.hold(self.gateway, { gpu1: 1 }, 1)).toBe(false);
    await late.enter({ ...self, version: "0" });
    await late.resign(self.gateway);
    expect(await one.look()).toMatchObject({
      keeper: { holder: self.gateway, lapsed: false },
      gateways: [{ version: "1", holds: { gpu1: 7 } }],
    });
    expect((await client.query("SELECT count(*)::int AS n FROM gateways")).rows).toEqual([
      { n: 1 },
    ]);
  });
});

withPostgres("an election without its database", () => {
  const soon = 1_000;

  test("rejects at once with the reason, and serves again after a restart", async () => {
    const url = await newDatabase();
    const election = electionAt(url);
    await election.look();
    await postgres.halt();
    onTestFinished(() => postgres.start());
    expect((await rejection(election.look())).why).toMatch(/^the database of DATABASE_URL: /);
    expect((await rejection(election.campaign(newGateway()))).why).toBe(
      "the database of DATABASE_URL: nothing answers there; start PostgreSQL, or correct DATABASE_URL",
    );
    await postgres.start();
    expect(await election.campaign(newGateway())).toBe(1);
  });

  test("rejects in time while the database hangs, and serves again after that", async () => {
    const url = await newDatabase();
    const election = electionAt(url, { patienceMs: soon });
    await election.look();
    postgres.pause();
    onTestFinished(() => postgres.resume());
    // The first has a connection, the second needs a new one.
    const both = await Promise.all([rejection(election.look()), rejection(election.look())]);
    postgres.resume();
    for (const { ms, why } of both) {
      expect(why).toContain("it does not answer in time");
      expect(ms).toBeLessThan(5 * soon);
    }
    expect((await election.look()).keeper).toBeNull();
  });

  test("rejects in time while somebody locks its row; the database gives up, too", async () => {
    const url = await newDatabase();
    const client = await connectedTo(url);
    const election = electionAt(url, { patienceMs: soon });
    const self = newGateway();
    await election.campaign(self);
    await client.query("BEGIN; SELECT 1 FROM keeper FOR UPDATE");
    const { ms, why } = await rejection(election.campaign(self));
    expect(why).toContain("it does not answer in time");
    expect(ms).toBeLessThan(5 * soon);
    const watch = await connectedTo(url);
    const isOver = async () => !(await isWaiting(watch, "INSERT INTO keeper"));
    await until(isOver, "no statement waits for the lock");
    await client.query("ROLLBACK");
    expect(await election.campaign(self)).toBe(1);
  });

  test("rejects in time where something accepts and says nothing", async () => {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const election = electionAt(`postgres://a:secret@127.0.0.1:${port}/b`, { patienceMs: soon });
    const { ms, why } = await rejection(election.look());
    expect(why).toContain("it does not answer in time");
    expect(why).not.toContain("secret");
    expect(ms).toBeLessThan(5 * soon);
  });
});

withPostgres("the address of a gateway towards the database", () => {
  test("is that of its connection, and this machine over a socket of the system", async () => {
    const url = await newDatabase();
    expect(await addressTowardsPostgres(url)).toBe("127.0.0.1");
    expect(await addressTowardsPostgres(url.replace("127.0.0.1", "localhost"))).toBe("127.0.0.1");
    const [row] = await postgres.query<{ dir: string }>(
      url,
      "SELECT current_setting('unix_socket_directories') AS dir",
    );
    const host = encodeURIComponent(row?.dir ?? "");
    expect(await addressTowardsPostgres(url.replace("127.0.0.1", host))).toBe("127.0.0.1");
  });

  test("is not known without the database", async () => {
    await expect(addressTowardsPostgres("postgres://a:secret@127.0.0.1:1/b")).rejects.toThrow(
      "the database of DATABASE_URL: nothing answers there",
    );
  });
});
