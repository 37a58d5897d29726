import { describe, expect, it } from "vitest";
import { GatewayError } from "../../errors.ts";
import { testCandidate } from "../../test/support/cluster-desk/kept-test-lines.ts";
import { runs, settled, testDesk, waits } from "../../test/support/cluster-desk/test-desk.ts";
import type { Claim, ToKeeper } from "../messages.ts";
import { createRemoteKeeper } from "../remote-keeper.ts";

/** A desk with two gateways: `x` has these, `y` has nothing. */
async function deskOf(has: readonly Claim[], busy: number | null = null) {
  const desk = testDesk({ rows: { x: {}, y: {} }, busy });
  const [x, y] = [desk.connect("x"), desk.connect("y")];
  await x.say(["claims", has, true]);
  await y.say(["claims", [], true]);
  return { ...desk, x, y };
}

const slotsTo = ({ heard }: { heard: readonly (readonly unknown[])[] }): unknown[] =>
  heard.filter(([what]) => what === "slot").map(([, id]) => id);

describe("a gateway that was cut off and comes back", () => {
  it("does not use a slot that was given to another by what the upstream showed", async () => {
    const desk = await deskOf([runs("r1")], 0);
    const { x, y, connect, later, lines } = desk;
    await y.say(["take", "r2", testCandidate("r2")]);
    for (let half = 0; half < 14; half += 1) {
      await y.say(["beat", half, true]);
      await later(500);
    }
    expect(x.isOpen).toBe(false);
    expect(slotsTo(y)).toEqual(["r2"]);
    const again = connect("x");
    await again.say(["claims", [runs("r1")], true]);
    expect(again.heard).toContainEqual([
      ...["stop", "r1"],
      expect.objectContaining({ code: "slot_lost" }),
    ]);
    // Its upstream works on it until it has stopped.
    expect(lines.view()).toMatchObject({ active: 2 });
    await again.say(["free", "r1", null, {}]);
    expect(lines.view()).toMatchObject({ active: 1 });
  });

  it("is told of a stop that it may not have heard", async () => {
    const { x, connect, underway } = await deskOf([runs("r1")]);
    x.cut();
    underway.get("r1")?.stop.abort(new GatewayError("cancelled", "It was stopped."));
    await settled();
    x.end();
    const again = connect("x");
    await again.say(["claims", [runs("r1")], true]);
    expect(again.heard).toContainEqual([
      ...["stop", "r1"],
      expect.objectContaining({ code: "cancelled" }),
    ]);
  });

  it("can be stopped although its slot is at another upstream than the keeper knew", async () => {
    const { connect, underway, lines } = testDesk({ rows: { x: {} }, upstreams: { u: 1, v: 1 } });
    const x = connect("x");
    await x.say(["claims", [runs("r1")], true]);
    x.end();
    const again = connect("x");
    const elsewhere = testCandidate("r1", { upstream: "v" });
    await again.say(["claims", [["runs", "r1", elsewhere, [0, 1], "v", {}]], true]);
    underway.get("r1")?.stop.abort(new GatewayError("cancelled", "It was stopped."));
    await settled();
    expect(again.heard.map(([what, id]) => [what, id])).toContainEqual(["stop", "r1"]);
    await again.say(["end", "r1"]);
    expect(lines.view()).toMatchObject({ active: 0, waiting: 0 });
  });

  it("does not run a waiting request that somebody has cancelled meanwhile", async () => {
    const has = [runs("r1"), waits("r2", 2)];
    const { x, connect, lines } = await deskOf(has);
    x.cut();
    expect(lines.cancel("r2")).toBe(true);
    await settled();
    x.end();
    const again = connect("x");
    await again.say(["claims", has, true]);
    expect(again.heard).toContainEqual([
      ...["away", "r2"],
      expect.objectContaining({ code: "cancelled" }),
    ]);
    await again.say(["free", "r1", null, {}]);
    expect(slotsTo(again)).toEqual([]);
    expect(lines.view()).toMatchObject({ active: 0, waiting: 0 });
  });
});

describe("a gateway that is silent", () => {
  it("takes no slot for what waits at it, and takes its turn when it is heard again", async () => {
    const desk = await deskOf([waits("r2", 2), waits("r3", 3)]);
    const { x, y, later } = desk;
    expect(slotsTo(x)).toEqual(["r2"]);
    await y.say(["take", "r4", testCandidate("r4")]);
    for (let half = 0; half < 8; half += 1) {
      await y.say(["beat", half, true]);
      await later(500);
    }
    await x.say(["free", "r2", null, {}]);
    expect(slotsTo(y)).toEqual(["r4"]);
    expect(slotsTo(x)).toEqual(["r2"]);
    await x.say(["beat", 1, true]);
    await y.say(["free", "r4", null, {}]);
    expect(slotsTo(x)).toEqual(["r2", "r3"]);
  });
});

describe("a gateway that has left while the database was away", () => {
  it("has its row removed when the database is back", async () => {
    let isAway = true;
    const desk = testDesk({ rows: { x: { u: 1 } }, isAway: () => isAway });
    const x = desk.connect("x");
    await x.say(["claims", [], true], ["bye"]);
    expect(desk.removed).toEqual(["x"]);
    isAway = false;
    for (let look = 0; look < 3; look += 1) {
      desk.look();
      await settled();
    }
    expect(desk.removed).toEqual(["x", "x"]);
  });
});

describe("a request that is refused before its keeper has answered", () => {
  it("is ended at the keeper too, which may just have accepted it", async () => {
    const said: ToKeeper[] = [];
    const remote = createRemoteKeeper({ send: (message) => said.push(message) });
    const asked = Promise.resolve(remote.take(testCandidate("r1"), new AbortController()));
    remote.refuse("r1", new GatewayError("no_keeper", "No gateway keeps the queue."));
    await expect(asked).rejects.toMatchObject({ code: "no_keeper" });
    expect(said.map(([what, id]) => [what, id])).toEqual([
      ["take", "r1"],
      ["end", "r1"],
    ]);
  });
});
