import { expect, it } from "vitest";
import { testCandidate } from "../test/support/cluster-desk/kept-test-lines.ts";
import { createRemoteKeeper } from "./remote-keeper.ts";

it("says of a generation what it has, and how long it waited and ran", async () => {
  let now = 0;
  const remote = createRemoteKeeper({ send: () => {} }, { now: () => now });
  const candidate = testCandidate("r1");
  const taking = remote.take(candidate, new AbortController());
  expect(remote.claims()).toEqual([["asks", "r1", candidate]]);

  now += 5;
  remote.answered(["taken", "r1", {}, [3, 7]]);
  const admission = await taking;
  const turn = admission.turn(() => {});
  now += 1_000;
  const waits = ["waits", "r1", candidate, [3, 7], [], { waitedMs: 1_005 }];
  expect(remote.claims()).toEqual([waits]);

  remote.answered(["slot", "r1", { upstream: "u", waitedMs: 1_001, firstPlace: 4 }]);
  now += 200;
  const past = { waitedMs: 1_001, firstPlace: 4, ranMs: 200 };
  expect(remote.claims()).toEqual([["runs", "r1", candidate, [3, 7], "u", past]]);

  (await turn).end(null, {});
  expect(remote.claims()).toEqual([["rests", "r1"]]);
  void admission.turn(() => {}, new Set(["u"]));
  now += 30;
  const again = ["waits", "r1", candidate, [3, 7], ["u"], { waitedMs: 30 }];
  expect(remote.claims()).toEqual([again]);

  const closing = { row: { state: "done" }, charge: null, cachedAt: null } as never;
  void admission.close(closing);
  admission.end();
  expect(remote.claims()).toEqual([["closes", "r1", closing]]);
});
