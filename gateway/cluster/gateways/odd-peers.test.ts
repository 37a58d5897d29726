import { describe, expect, it } from "vitest";
import { testCandidate } from "../../test/support/cluster-desk/kept-test-lines.ts";
import { runs, settled, testDesk, waits } from "../../test/support/cluster-desk/test-desk.ts";
import type { Claim } from "../messages.ts";
import { ClusterMember } from "./cluster-member.ts";
import type { FromMember } from "./gateway-messages.ts";
import { clusterTimes } from "./times.ts";

const oddTexts = {
  "a text that is no JSON": "1 {",
  "a text that is no list": "1 {}",
  nothing: "1 null",
  "a message that is nothing": "1 [null]",
  "a text of no term": "hello",
};

/** What else is no message for a keeper. Another gateway says it before, or after its claims. */
const oddWords: Readonly<Record<string, unknown>> = {
  "a number": 1,
  "claims that are a number": ["claims", 5, true],
  "a claim that is too short": ["claims", [["waits"]], true],
  "a turn after a number": ["turn", "r1", 7],
};

describe("a keeper", () => {
  const rows = { x: {}, y: {} };

  /** What a gateway without faults has of the keeper afterwards. */
  const serves = async ({ connect, later }: ReturnType<typeof testDesk>): Promise<void> => {
    const y = connect("y");
    await y.say(["claims", [], true], ["take", "other", testCandidate("other")]);
    await later(1_500);
    expect(y.heard.map(([what]) => what)).toContain("slot");
  };

  it.each(Object.entries(oddTexts))("ends the connection that says %s", async (_, text) => {
    const desk = testDesk({ rows });
    const x = desk.connect("x");
    await x.sayText(text);
    expect(x.isOpen).toBe(false);
    await serves(desk);
  });

  it.each(Object.entries(oddWords))("ends the connection that says %s", async (_, word) => {
    const desk = testDesk({ rows: { x: {} }, upstreams: { u: 2 } });
    const x = desk.connect("x");
    await x.say(["claims", [], true], ["take", "r1", testCandidate("r1")]);
    await x.say(word as FromMember);
    expect(x.isOpen).toBe(false);
    expect(desk.odd).toEqual(["x"]);
  });

  it.each(Object.entries(oddWords))("goes on after %s that came early", async (_, word) => {
    const desk = testDesk({ rows, upstreams: { u: 2 } });
    const x = desk.connect("x");
    await x.say(word as FromMember);
    await x.say(["claims", [runs("r1")], true]);
    await serves(desk);
    expect(x.isOpen).toBe(false);
    expect(desk.odd).toEqual(["x"]);
  });

  const gone = testCandidate("r1", { upstream: "gone" });
  const unfit: Readonly<Record<string, readonly unknown[]>> = {
    "runs at an upstream that is not here": ["runs", "r1", gone, [0, 1], "gone", {}],
    "waits for an upstream that is not here": ["waits", "r1", gone, [0, 1], [], {}],
    "has the name of another one": ["runs", "r1", testCandidate("r0"), [0, 1], "u", {}],
    "does not say when it came": ["waits", "r1", testCandidate("r1")],
  };

  it.each(Object.entries(unfit))("ends a request that %s, and only that", async (_, claim) => {
    const desk = testDesk({ rows, upstreams: { u: 3 } });
    const x = desk.connect("x");
    await x.say(["claims", [runs("r0"), claim as unknown as Claim, waits("r2", 2)], true]);
    await serves(desk);
    const told = x.heard.map(([what, id]) => [what, id]);
    expect(told).toContainEqual(["stop", "r1"]);
    expect(told).toContainEqual(["slot", "r2"]);
    expect(told).not.toContainEqual(["stop", "r0"]);
    expect(x.isOpen).toBe(true);
  });
});

describe("a gateway", () => {
  const words: Readonly<Record<string, unknown>> = {
    "a number": [1, null],
    "a slot without an upstream": [["slot", "r1"]],
    "an acceptance without a number": [["refused", "r1"]],
  };
  const texts = [
    ...Object.entries(oddTexts),
    ...Object.entries(words).map(([name, word]) => [name, `1 ${JSON.stringify(word)}`] as const),
  ];

  it.each(texts)("ends the connection of a keeper that says %s", async (_, text) => {
    const odd: string[] = [];
    const member = new ClusterMember({
      ...{ clock: { now: () => 0, boot: () => 0, later: () => () => {} }, times: clusterTimes },
      ...{ databaseAnswers: () => true, onLineState: () => {}, onSlotsLost: () => {} },
      ...{ onNewer: () => {}, onOdd: (keeper) => odd.push(keeper) },
    });
    const { listener, opened } = member.begin({ holder: "k", term: 1 });
    let isOpen = true;
    const destroy = (): void => {
      isOpen = false;
    };
    const hello = { protocol: 1, version: "1", gateway: "k", shape: {} };
    opened({ hello, send: () => {}, destroy });
    listener.said('1 [["welcome"]]');
    listener.said('1 [["beaten",1,"open"]]');
    void member.keeper.take(testCandidate("r1"), new AbortController());
    listener.said(text);
    await settled();
    expect(isOpen).toBe(false);
    expect(member.attachedTo).toBe(null);
  });
});
