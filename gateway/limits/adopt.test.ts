import { expect, it } from "vitest";
import { createLimits, type Limits } from "./limits.ts";
import type { Past } from "./user-windows.ts";

const hour = 3_600_000;
const start = Date.UTC(2026, 10, 21, 12);
const who = { user: "alice", role: "user" as const, limits: null };
const ask = { dialect: "chat" as const, estimate: { input: 10, output: 90 } };
const used = { input: 10, output: 20, upstreamMs: 0 };

/** Limits of two requests and 200 tokens an hour, over a history on another machine. */
function limitsOver(past: readonly Past[], mode: "refuse" | "slow" = "refuse"): Limits {
  const field = (max: number) => ({ max, windowMs: null, mode: null });
  return createLimits({
    forAll: [{ windowMs: null, mode, fields: { requests: field(2), tokens: field(200) } }],
    roles: {},
    windowMs: hour,
    history: async () => past,
    historyOfKey: () => [],
    onTrouble() {},
  });
}

const ofRow: Past = { at: start - 1_000, requests: 1 };

const shown = async (limits: Limits, now: number = start) =>
  (await limits.states(who, now)).map(({ used: was, reserved }) => [was, reserved]);

it("an adopted generation holds its tokens, and its request is counted once", async () => {
  for (const recallsFirst of [true, false]) {
    const limits = limitsOver([ofRow]);
    if (recallsFirst) await limits.recall(who, start);
    const reservation = limits.adopt(who, ask, start);
    expect(await shown(limits)).toEqual([
      [1, 0],
      [0, 100],
    ]);
    reservation.settle(used, start + 1);
    reservation.settle(used, start + 1);
    expect(await shown(limits, start + 2)).toEqual([
      [1, 0],
      [30, 0],
    ]);
  }
});

it("no limit refuses an adopted generation, and one that only slows sends it back", async () => {
  const full: Past[] = [{ at: start - 1_000, requests: 3, tokens: 500 }];
  const refusing = limitsOver(full);
  await refusing.recall(who, start);
  refusing.adopt(who, ask, start);
  expect(() => refusing.reserve(who, ask, start)).toThrow();
  for (const [past, background] of [
    [full, true],
    [[ofRow], false],
  ] as const) {
    const slowing = limitsOver(past, "slow");
    await slowing.recall(who, start);
    expect(slowing.adopt(who, ask, start).background).toBe(background);
  }
});

it("a user without limits reserves nothing", () => {
  const limits = createLimits({
    ...{ forAll: [], roles: {}, windowMs: hour, onTrouble() {} },
    ...{ history: () => [], historyOfKey: () => [] },
  });
  expect(limits.adopt(who, ask, start)).toMatchObject({ headers: {}, background: false });
});
