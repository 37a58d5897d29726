import { describe, expect, it } from "vitest";
import type { Hello } from "../../../cluster/gateways/ports.ts";
import { clusterTimes } from "../../../cluster/gateways/times.ts";
import { SimDatabase } from "./sim-database.ts";
import { SimLinks } from "./sim-links.ts";
import { SimMachine } from "./sim-machine.ts";
import { SimNetwork } from "./sim-network.ts";
import { SimRandom } from "./sim-random.ts";
import { SimScheduler } from "./sim-scheduler.ts";
import { SimUpstream } from "./sim-upstream.ts";

function world(seed = 1) {
  const scheduler = new SimScheduler();
  const random = new SimRandom(seed);
  const notes: string[] = [];
  const links = new SimLinks(scheduler, random.fork("links"));
  const network = new SimNetwork(scheduler, links, { sent: () => {}, heard: () => {} });
  const [a, b] = ["a", "b"].map((name) => {
    const note = (text: string): void => void notes.push(text);
    const machine = new SimMachine(name, { scheduler, random: random.fork(name), note });
    network.add(machine);
    return machine;
  });
  const database = new SimDatabase({
    ...{ scheduler, random: random.fork("database"), leaseMs: clusterTimes.keeperLease },
    note: (what, by) => notes.push(`${by} ${what}`),
  });
  if (a === undefined || b === undefined) throw new Error("no machines");
  return { scheduler, random, notes, links, network, a, b, database };
}

const helloOf = (gateway: string): Hello => ({ protocol: 1, version: "1", gateway, shape: {} });

/** Two processes with a connection, and what each of them heard. */
async function connected(seed = 1) {
  const it = world(seed);
  const [heardAtA, heardAtB]: [string[], string[]] = [[], []];
  const [pa, pb] = [it.a.start(), it.b.start()];
  const toB: { send(text: string): void; destroy(): void }[] = [];
  const toA: { send(text: string): void; destroy(): void }[] = [];
  it.network.of(pb).accept(
    () => helloOf("b"),
    (connection) => {
      toA.push(connection);
      return { said: (text) => heardAtB.push(text), closed: () => heardAtB.push("closed") };
    },
  );
  const listener = {
    said: (text: string): void => void heardAtA.push(text),
    closed: (): void => void heardAtA.push("closed"),
  };
  void it.network
    .of(pa)
    .connect("b", helloOf("a"), listener)
    .then((one) => toB.push(one));
  await it.scheduler.run(1_900);
  return { ...it, pa, pb, heardAtA, heardAtB, toA: toA[0], toB: toB[0] };
}

describe("the simulated machines", () => {
  it("fire timers in the order of their time, and follow promises to their end", async () => {
    const { scheduler, a } = world();
    const process = a.start();
    const seen: string[] = [];
    process.later(20, () => seen.push("later"));
    process.later(10, () => {
      void (async () => {
        for (let round = 0; round < 500; round += 1) await null;
        setImmediate(() => seen.push("first"));
      })();
    });
    await scheduler.run(1_000);
    expect(seen).toEqual(["first", "later"]);
    expect(scheduler.now).toBe(1_000);
  });

  it("hold events back while they are paused, and their clock goes on", async () => {
    const { scheduler, a } = world();
    const process = a.start();
    const from = process.now();
    let firedAfter = 0;
    process.later(1_000, () => {
      firedAfter = process.now() - from;
    });
    scheduler.at(500, () => a.pause());
    scheduler.at(5_000, () => a.resume());
    await scheduler.run(10_000);
    expect(firedAfter).toBeGreaterThan(4_900);
    expect(firedAfter).toBeLessThan(5_100);
  });

  it("have a monotonic clock that stands still while they are suspended", async () => {
    const { scheduler, a } = world();
    const process = a.start();
    const [from, boot] = [process.now(), process.boot()];
    let fired = 0;
    process.later(1_000, () => {
      fired = scheduler.now;
    });
    scheduler.at(500, () => a.suspend());
    scheduler.at(8_500, () => a.resume());
    await scheduler.run(10_000);
    expect(fired).toBeGreaterThan(8_900);
    expect(process.now() - from).toBeLessThan(2_100);
    expect(process.boot() - boot).toBeGreaterThan(9_900);
  });

  it("drop all of a process that is killed", async () => {
    const { scheduler, a } = world();
    const process = a.start();
    let fired = false;
    process.later(1_000, () => {
      fired = true;
    });
    scheduler.at(500, () => a.kill());
    scheduler.at(600, () => void a.start());
    await scheduler.run(10_000);
    expect(fired).toBe(false);
  });
});

describe("the simulated network", () => {
  it("keeps the order of a connection", async () => {
    const { scheduler, toB, heardAtB, links } = await connected();
    links.slow("a", "b", 200);
    for (let nth = 0; nth < 50; nth += 1) toB?.send(String(nth));
    await scheduler.run(10_000);
    expect(heardAtB).toEqual(Array.from({ length: 50 }, (_, nth) => String(nth)));
  });

  it("brings what was sent during a silent cut after it", async () => {
    const { scheduler, toB, heardAtB, links } = await connected();
    links.cut("a", "b");
    toB?.send("late");
    await scheduler.run(12_000);
    expect(heardAtB).toEqual([]);
    links.heal("a", "b");
    await scheduler.run(15_000);
    expect(heardAtB).toEqual(["late"]);
  });

  it("ends both sides of a connection that is reset", async () => {
    const { scheduler, heardAtA, heardAtB, links } = await connected();
    links.reset("a", "b");
    await scheduler.run(15_000);
    expect([heardAtA, heardAtB]).toEqual([["closed"], ["closed"]]);
  });

  it("tells the others that a killed process is gone, and nothing of one without power", async () => {
    const killed = await connected();
    killed.a.kill();
    const dark = await connected();
    dark.a.cutPower();
    await killed.scheduler.run(5_000);
    await dark.scheduler.run(5_000);
    expect(killed.heardAtB).toEqual(["closed"]);
    expect(dark.heardAtB).toEqual([]);
    dark.a.start();
    dark.toA?.send("are you there");
    await dark.scheduler.run(10_000);
    expect(dark.heardAtB).toEqual(["closed"]);
  });

  it("refuses a connection to a machine where nothing accepts, and waits for one that is off", async () => {
    const { scheduler, network, a, b } = world();
    const process = a.start();
    const failures: [number, string][] = [];
    const nobody = { said: () => {}, closed: () => {} };
    const connect = (): void => {
      network
        .of(process)
        .connect("b", helloOf("a"), nobody)
        .catch((cause: Error) => {
          failures.push([scheduler.now, cause.message]);
        });
    };
    b.start();
    connect();
    await scheduler.run(1_000);
    b.cutPower();
    connect();
    await scheduler.run(5_000);
    expect(failures.map(([, why]) => why)).toEqual([
      "b refuses connections.",
      "b does not answer.",
    ]);
    expect(failures[0]?.[0]).toBeLessThan(300);
    expect(failures[1]?.[0]).toBeGreaterThan(2_900);
  });
});

describe("the simulated database", () => {
  it("gives the lease to one of two, and to the other when it is over", async () => {
    const { scheduler, database, a, b } = world();
    const [first, second] = [database.electionOf(a.start()), database.electionOf(b.start())];
    const terms: (number | null)[] = [];
    const campaign = (election: typeof first, gateway: string): void => {
      void election.campaign({ gateway, address: gateway }).then((term) => terms.push(term));
    };
    campaign(first, "a");
    await scheduler.run(500);
    campaign(second, "b");
    await scheduler.run(1_500);
    campaign(first, "a");
    await scheduler.run(3_000);
    campaign(second, "b");
    await scheduler.run(4_000);
    campaign(second, "b");
    await scheduler.run(4_500);
    expect(terms).toEqual([1, null, 1, null, 2]);
  });

  it("refuses to write what a gateway holds in a term that has passed", async () => {
    const { scheduler, database, a } = world();
    const election = database.electionOf(a.start());
    const results: unknown[] = [];
    const row = { gateway: "a", address: "a", version: "1" };
    void election.hold("a", { u: 1 }, 1).then((done) => results.push(done));
    await scheduler.run(500);
    void election.campaign({ gateway: "a", address: "a" });
    void election.enter(row);
    await scheduler.run(1_000);
    void election.hold("a", { u: 1 }, 1).then((done) => results.push(done));
    await scheduler.run(1_500);
    void election.hold("a", { u: 2 }, 2).then((done) => results.push(done));
    await scheduler.run(2_000);
    expect(results).toEqual([false, true, false]);
    expect(database.gateways).toEqual([{ ...row, holds: { u: 1 } }]);
  });

  it("rejects after two seconds while it hangs, and may have done what it was asked", async () => {
    let doneUnheard = 0;
    for (let seed = 0; seed < 40; seed += 1) {
      const { scheduler, database, a } = world(seed);
      const election = database.electionOf(a.start());
      database.set("hangs");
      let failedAt = 0;
      election.campaign({ gateway: "a", address: "a" }).catch(() => {
        failedAt = scheduler.now;
      });
      await scheduler.run(20_000);
      if (failedAt > 0) expect(failedAt).toBeLessThan(2_100);
      if (failedAt > 0 && database.keeper?.holder === "a") doneUnheard += 1;
    }
    expect(doneUnheard).toBeGreaterThan(5);
  });
});

describe("the simulated upstream", () => {
  const upstreamIn = ({ scheduler, random }: ReturnType<typeof world>, most: number[]) => {
    const upstream = new SimUpstream({
      ...{ scheduler, random: random.fork("upstream"), name: "u", slots: 2, isOpen: true },
      changed: ({ works }) => most.push(works.size),
    });
    return upstream;
  };

  it("counts what it works on, hears an abort, and tells how busy it is", async () => {
    const all = world();
    const counts: number[] = [];
    const upstream = upstreamIn(all, counts);
    const process = all.a.start();
    const [long, short] = [upstream.send(process, "1", 5_000), upstream.send(process, "2", 100)];
    const ends: [string, boolean][] = [];
    void long.ended.then((whole) => ends.push(["long", whole]));
    void short.ended.then((whole) => ends.push(["short", whole]));
    const busy: (number | null)[] = [];
    all.scheduler.at(60, () => void upstream.busy(process).then((count) => busy.push(count)));
    all.scheduler.at(1_000, () => long.abort());
    await all.scheduler.run(2_000);
    expect(counts).toEqual([1, 2, 1, 0]);
    expect(busy).toEqual([2]);
    expect(ends).toEqual([
      ["short", true],
      ["long", false],
    ]);
  });

  it("works on for a machine without power, and stops for a process that was killed", async () => {
    const all = world();
    const upstream = upstreamIn(all, []);
    all.a.killed.add((process, how) => upstream.lost(process, how));
    all.b.killed.add((process, how) => upstream.lost(process, how));
    upstream.send(all.a.start(), "dark", 5_000);
    upstream.send(all.b.start(), "killed", 5_000);
    all.scheduler.at(500, () => all.a.cutPower());
    all.scheduler.at(500, () => all.b.kill());
    await all.scheduler.run(1_000);
    expect([...upstream.works.keys()]).toEqual(["dark"]);
    await all.scheduler.run(6_000);
    expect(upstream.works.size).toBe(0);
  });
});
