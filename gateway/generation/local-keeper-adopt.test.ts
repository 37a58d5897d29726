import { expect, it } from "vitest";
import type { StopControl } from "../stop-signal.ts";
import { testGeneration } from "../test/support/test-generation.ts";
import type { Admission, Candidate, KnownPast } from "./keeper.ts";
import { createLocalKeeper } from "./local-keeper.ts";
import { type Accepted, reserve } from "./reserve.ts";

const oneRequest = {
  windowMs: null,
  mode: null,
  fields: { requests: { max: 1, windowMs: null, mode: null } },
};

type Room = ReturnType<typeof testGeneration>;

/** A generation that another keeper accepted: `at` null waits. */
async function adopted(room: Room, at: string | null, past?: KnownPast): Promise<Accepted> {
  const keeper = createLocalKeeper(room.kept);
  const take = (candidate: Candidate, stop: StopControl): Admission =>
    keeper.adopt(candidate, stop, at, past);
  return await reserve({ ...room.parts, keeper: { take } }, room.given());
}

const ignored = (): void => {};

it("a running generation has its slot at once, above the capacity and past a full queue", async () => {
  const room = testGeneration({ maxQueue: 0, forAll: [oneRequest] });
  const slots = [await adopted(room, "a"), await adopted(room, "a", { firstPlace: 3 })];
  expect(room.line.view()).toEqual({ waiting: 0, active: 2, capacity: 1 });
  expect(room.health).toEqual(["a", "a"]);
  const turns = await Promise.all(slots.map(({ admission }) => admission.turn(ignored)));
  expect(turns).toMatchObject([
    { upstream: "a", waitedMs: 0, firstPlace: 0 },
    { upstream: "a", waitedMs: 0, firstPlace: 3 },
  ]);
  for (const turn of turns) turn.end(null, {});
  for (const turn of turns) turn.end(null, {});
  expect(room.line.view().active).toBe(0);
  expect(room.health).toEqual(["a", "a", ["a", null], ["a", null]]);
});

it("a waiting generation joins a full queue, with the wait that it brings", async () => {
  const room = testGeneration({ maxQueue: 0 });
  const running = await adopted(room, "a");
  const waiting = await adopted(room, null, { waitedMs: 60_000 });
  const places: number[] = [];
  const turn = waiting.admission.turn(({ position }) => places.push(position));
  expect([room.line.view().waiting, places]).toEqual([1, [1]]);
  (await running.admission.turn(ignored)).end(null, {});
  expect((await turn).waitedMs).toBeGreaterThanOrEqual(60_000);
  // Its row is another gateway's.
  expect(room.row(waiting.exchange.id)).toBeUndefined();
});

it("a generation that ends without asking for its turn gives the slot back", async () => {
  const room = testGeneration();
  const { admission } = await adopted(room, "a");
  admission.end();
  await new Promise((resolve) => setImmediate(resolve));
  expect(room.line.view().active).toBe(0);
});

it("a generation at an unknown upstream is not adopted, and holds nothing of its user's limits", async () => {
  const room = testGeneration({ forAll: [oneRequest] });
  const { limits } = room.kept;
  const held: string[] = [];
  room.kept.limits = {
    ...limits,
    adopt(...ask) {
      held.push("held");
      return { ...limits.adopt(...ask), settle: () => void held.push("free") };
    },
  };
  await expect(adopted(room, "elsewhere")).rejects.toThrow("elsewhere");
  expect(held).toEqual(["held", "free"]);
});
