import { describe, expect, it } from "vitest";
import { testCandidate } from "../../test/support/cluster-desk/kept-test-lines.ts";
import { smallCluster } from "../../test/support/cluster-desk/small-cluster.ts";
import { runs, settled, testDesk, waits } from "../../test/support/cluster-desk/test-desk.ts";
import type { Claim } from "../messages.ts";
import { ClusterMember } from "./cluster-member.ts";
import type { FromMember } from "./gateway-messages.ts";
import { Takeover } from "./takeover.ts";
import { clusterTimes } from "./times.ts";

const stop = (): AbortController => new AbortController();

describe("a new keeper", () => {
  it("starts requests if the queue was paused and resumed at the keeper before", async () => {
    const { start, later, given, faults } = smallCluster();
    const [a, b] = [await start("a"), await start("b")];
    a.lines.pause();
    await later(1_500);
    expect(b.lines.state()).toBe("paused");
    a.lines.resume();
    await later(1_500);
    a.machine.kill();
    await later(5_000);
    expect(b.node.isKeeper).toBe(true);
    const admission = await given(b.keeper.take(testCandidate("r1"), stop()));
    expect(await given(admission.turn(() => {}))).toMatchObject({ upstream: "u" });
    expect(faults).toEqual([]);
  });

  it("refuses requests if the queue was drained at the keeper before", async () => {
    const { start, later, given } = smallCluster();
    const [a, b] = [await start("a"), await start("b")];
    a.lines.drain();
    await later(1_500);
    a.machine.kill();
    await later(5_000);
    expect(b.node.isKeeper).toBe(true);
    const asked = given(b.keeper.take(testCandidate("r1"), stop()));
    await expect(asked).rejects.toMatchObject({ code: "shutting_down" });
  });

  it("is none that was never with the keeper before, while there is another one", async () => {
    const { start, later, links } = smallCluster();
    const strangers = ["s", "t", "v"];
    for (const one of strangers) {
      for (const other of ["a", "b"]) {
        links.cut(one, other);
        links.cut(other, one);
      }
    }
    const a = await start("a");
    const nodes = [];
    for (const name of strangers) nodes.push((await start(name)).node);
    const b = await start("b");
    a.machine.kill();
    await later(5_000);
    expect(b.node.isKeeper).toBe(true);
    b.machine.kill();
    await later(8_000);
    expect(nodes.filter(({ isKeeper }) => isKeeper)).toHaveLength(1);
  });

  it("keeps the slots of all silent gateways, whatever upstreams their rows name", async () => {
    const rows = { gone: { old: 1 }, silent: { u: 1 }, x: {} };
    const { connect, later, lines } = testDesk({ rows });
    const x = connect("x");
    await x.say(["claims", [], true], ["take", "r1", testCandidate("r1")]);
    await later(2_000);
    expect(x.heard.map(([what]) => what)).toContain("taken");
    expect(lines.view()).toMatchObject({ active: 1, waiting: 1 });
  });

  it("knows how long each waited at the keeper before", async () => {
    const { connect } = testDesk({ rows: { x: { u: 1 } } });
    const x = connect("x");
    const waited = [...waits("r2", 2).slice(0, -1), { waitedMs: 60_000 }] as unknown as Claim;
    await x.say(["claims", [runs("r1"), waited], true], ["free", "r1", null, {}]);
    const told = { upstream: "u", waitedMs: 60_000, firstPlace: 1 };
    expect(x.heard.filter(([what]) => what === "slot")).toEqual([["slot", "r2", told]]);
  });

  it("answers no beat before it has taken over what the gateway runs", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { connect } = testDesk({ rows: { x: { u: 1 } }, recall: () => promise });
    const x = connect("x");
    await x.say(["claims", [runs("r1")], true], ["beat", 1, true]);
    expect(x.heard).toEqual([["welcome"]]);
    resolve();
    await settled();
    await x.say(["beat", 2, true]);
    expect(x.heard).toContainEqual(["beaten", 2, "open"]);
    expect(x.heard).not.toContainEqual(["beaten", 1, "open"]);
  });

  it("answers beats although what people used before cannot be read", async () => {
    const never = new Promise<void>(() => {});
    const { connect, later, lines } = testDesk({ rows: { x: { u: 1 } }, recall: () => never });
    const x = connect("x");
    await x.say(["claims", [runs("r1")], true]);
    await later(2_500);
    await x.say(["beat", 1, true]);
    expect(x.heard).toContainEqual(["beaten", 1, "open"]);
    expect(lines.view()).toMatchObject({ active: 1 });
  });

  it("writes no lower number for a gateway before it knows what that runs", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const desk = { upstreams: { u: 2 }, rows: { x: { u: 2 } }, recall: () => promise };
    const { connect, later, written } = testDesk(desk);
    const x = connect("x");
    await later(1_000);
    await x.say(["claims", [runs("r1"), runs("r2")], true]);
    await later(1_500);
    expect(written).toEqual([]);
    resolve();
    await later(5_000);
    expect(written).toEqual([]);
    await x.say(["free", "r1", null, {}]);
    await later(5_000);
    expect(written).toEqual([["x", { u: 1 }]]);
  });
});

describe("thousands of waiting requests at a change of keeper", () => {
  /** What a frame may have between two gateways, and a wide margin. */
  const longest = 8 << 20;

  it("are said in parts that a frame has room for", async () => {
    const member = new ClusterMember({
      ...{ clock: { now: () => 0, boot: () => 0, later: () => () => {} }, times: clusterTimes },
      ...{ databaseAnswers: () => true, onLineState: () => {}, onOdd: () => {} },
      ...{ onNewer: () => {}, onSlotsLost: () => {} },
    });
    const session = (term: number): string[] => {
      const texts: string[] = [];
      const { listener, opened } = member.begin({ holder: "k", term });
      const hello = { protocol: 1, version: "1", gateway: "k", shape: {} };
      opened({ hello, send: (text) => texts.push(text), destroy: () => {} });
      listener.said(`${term} [["welcome"]]`);
      return texts;
    };
    const asked = session(1);
    const ids = Array.from({ length: 2_500 }, (_, nth) => `r${nth}`);
    for (const [nth, id] of ids.entries()) {
      void member.keeper.take(testCandidate(id, { model: "m".repeat(4_000) }), stop());
      member.keeper.answered(["taken", id, {}, [1, nth]]);
    }
    await settled();
    const said = session(2);
    await settled();
    for (const text of [...asked, ...said]) expect(text.length).toBeLessThan(longest / 2);
    const messages = said.flatMap((text) => JSON.parse(text.slice(2)) as FromMember[]);
    const parts = messages.filter((one) => one[0] === "claims");
    expect(parts.flatMap(([, claims]) => claims.map(([, id]) => id))).toEqual(ids);
    expect(parts.map(([, , isLast]) => isLast).indexOf(true)).toBe(parts.length - 1);
  });

  it("are taken over when the last part is there", async () => {
    const { connect, lines } = testDesk({ rows: { x: {} } });
    const x = connect("x");
    await x.say(["claims", [waits("r1", 1)], false]);
    await x.say(["claims", [waits("r2", 2)], false]);
    expect(lines.view()).toMatchObject({ active: 0, waiting: 0 });
    await x.say(["claims", [], true]);
    expect(lines.view()).toMatchObject({ active: 1, waiting: 1 });
  });

  it("join in the order of their arrival, and leave the event loop to others between", async () => {
    const takeover = new Takeover(() => true);
    const adopted: number[] = [];
    const adoptables = (first: number) =>
      Array.from({ length: 1_000 }, (_, nth) => {
        const number = first + 2 * nth;
        const adopt = (): void => {
          expect(takeover.isDone).toBe(false);
          adopted.push(number);
        };
        return { order: [1, number] as const, adopt };
      });
    const hello = { protocol: 1, version: "1", gateway: "x", shape: {} };
    const connection = { hello, send: () => {}, destroy: () => {} };
    await takeover.add("x", connection, adoptables(1).reverse());
    await takeover.add("y", connection, adoptables(0));
    const atTurns: number[] = [];
    const look = (): void => {
      atTurns.push(adopted.length);
      if (!takeover.isDone) setImmediate(look);
    };
    setImmediate(look);
    await takeover.begin();
    await settled();
    expect(adopted).toEqual(Array.from({ length: 2_000 }, (_, number) => number));
    const steps = atTurns.map((count, turn) => count - (atTurns[turn - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(100);
  });

  it("start by the rules of the line, and not as they come", async () => {
    const { connect } = testDesk({ rows: { x: {} } });
    const x = connect("x");
    const low = waits("low", 1, { user: "low", priority: -50 });
    const high = waits("high", 2, { user: "high", priority: 10 });
    await x.say(["claims", [low, high], true]);
    const slots = x.heard.filter(([what]) => what === "slot");
    expect(slots.map(([, id]) => id)).toEqual(["high"]);
  });
});

describe("a gateway with other settings than the keeper's", () => {
  it("leaves no row, ends what waits at it after a minute, and comes back", async () => {
    const { start, later, given, database, faults } = smallCluster();
    const old = { MAX_QUEUE: "10" };
    const [a, b] = [await start("a", old), await start("b", old)];
    const [running, waiting] = [stop(), stop()];
    const first = await given(b.keeper.take(testCandidate("r1"), running));
    await given(first.turn(() => {}));
    const second = await given(b.keeper.take(testCandidate("r2"), waiting));
    let end: unknown = null;
    second
      .turn(() => {})
      .catch((cause: unknown) => {
        end = cause;
      });
    await b.node.leave();
    a.machine.kill();
    const c = await start("c", { MAX_QUEUE: "20" });
    await later(10_000);
    expect(c.node.isKeeper).toBe(true);
    expect(b.node.trouble).toContain("MAX_QUEUE");
    expect(running.signal.aborted).toBe(true);
    let seen = 0;
    for (let look = 0; look < 40; look += 1) {
      await later(250);
      if (database.gateways.some(({ gateway }) => gateway === "b")) seen += 1;
    }
    expect(seen).toBeLessThan(15);
    await later(30_000);
    expect(end).toBe(null);
    await later(10_000);
    expect(end).toMatchObject({ code: "no_keeper" });
    c.machine.kill();
    await start("d", old);
    await later(8_000);
    expect(b.node.member.attachedTo?.holder).toBe("d");
    expect(faults).toEqual([]);
  });
});
