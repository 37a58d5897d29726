import { type AddressInfo, createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createClient } from "../../ledger/postgres/connect.ts";
import { createElection } from "../../ledger/postgres/election.ts";
import { migratePostgres } from "../../ledger/postgres/schema.ts";
import { postgresOfFile, withPostgres } from "../../test/support/test-postgres.ts";
import { checkCluster } from "./check-cluster.ts";

const postgres = postgresOfFile();

/** The address of a port that answers, or of one that was closed. */
async function port(isOpen: boolean): Promise<string> {
  const server = createServer((socket) => socket.resume()).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  const { port: number } = server.address() as AddressInfo;
  if (isOpen) onTestFinished(close);
  else await close();
  return `127.0.0.1:${number}`;
}

async function database() {
  const url = await postgres.database();
  const client = createClient(url);
  await client.connect();
  await migratePostgres(client);
  await client.end();
  const election = createElection({ url, leaseMs: 60_000 });
  onTestFinished(() => election.close());
  return { url, election };
}

withPostgres("doctor in a cluster", () => {
  test("says that no gateway runs", async () => {
    const { url } = await database();
    expect(await checkCluster(url)).toMatchObject([{ state: "skip" }]);
  });

  test("names the keeper and the others, and what this machine does not reach", async () => {
    const { url, election } = await database();
    const [here, away] = [await port(true), await port(false)];
    await election.enter({ gateway: "a", address: here, version: "1.0.0" });
    await election.campaign({ gateway: "a", address: here });
    const says = `${here} keeps the queue of 1 gateway: ${here}.`;
    expect(await checkCluster(url)).toEqual([{ about: "cluster", state: "ok", says, todo: null }]);
    await election.enter({ gateway: "b", address: away, version: "1.1.0" });
    expect(await checkCluster(url)).toMatchObject([
      { state: "ok", says: `${here} keeps the queue of 2 gateways: ${here}, ${away}.` },
      { state: "warn", says: expect.stringContaining(`1.0.0 at ${here}, 1.1.0 at ${away}`) },
      { state: "fail", says: `This machine cannot reach the gateway at ${away}: ECONNREFUSED.` },
    ]);
    await election.resign("a");
    expect((await checkCluster(url))[0]).toMatchObject({
      ...{ state: "fail", says: expect.stringContaining("No gateway keeps the queue") },
    });
  });

  test("says that the database does not answer, without its password", async () => {
    const url = `postgres://gateway:hidden@${await port(false)}/gateway`;
    const [finding] = await checkCluster(url);
    expect(finding).toMatchObject({ state: "fail", says: expect.stringContaining("agree") });
    expect(JSON.stringify(finding)).not.toContain("hidden");
  });
});
