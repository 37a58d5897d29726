import { expect, test } from "vitest";
import { lineOf, settled, ticket } from "../test/support/test-tickets.ts";
import type { Slot, Ticket } from "./line.ts";

const upstreams = [
  { name: "a", capacity: 1 },
  { name: "b", capacity: 1 },
];

test("adopted requests hold slots above the capacity, and the next one starts when they are below it", async () => {
  const line = lineOf({ capacity: 2 });
  const slots = [1, 2, 3].map(() => line.adopt(ticket(), "local"));
  expect(line.view()).toEqual({ waiting: 0, active: 3, capacity: 2 });
  expect(line.activeAt("local")).toBe(3);
  expect(slots[0]).toMatchObject({ upstream: "", waitedMs: 0, firstPlace: 0 });
  let next: Slot | null = null;
  void line.join(ticket()).then((slot) => {
    next = slot;
  });
  slots[0]?.release();
  slots[0]?.release();
  await settled();
  expect(next).toBeNull();
  slots[1]?.release();
  await settled();
  expect(next).not.toBeNull();
  expect(line.view()).toEqual({ waiting: 0, active: 2, capacity: 2 });
});

test("a request is adopted by a line that is paused, drained or without slots", async () => {
  for (const steer of ["pause", "drain"] as const) {
    const line = lineOf({ capacity: 0 });
    line[steer]();
    const slot = line.adopt(ticket(), "local");
    expect(line.view().active).toBe(1);
    line.setCapacity(1);
    line.resume();
    const next = line.join(ticket());
    slot.release();
    await next;
  }
});

test("an adopted request fills only its own upstream of a pool", async () => {
  const line = lineOf({ upstreams });
  const adopted = [1, 2].map(() => line.adopt(ticket(), "a"));
  expect(adopted.map(({ upstream }) => upstream)).toEqual(["a", "a"]);
  expect((await line.join(ticket())).upstream).toBe("b");
  const next = line.join(ticket());
  adopted[0]?.release();
  await settled();
  expect(line.view()).toEqual({ waiting: 1, active: 2, capacity: 2 });
  adopted[1]?.release();
  expect((await next).upstream).toBe("a");
});

test("a request that the line knows, or an upstream that it does not know, cannot be adopted", async () => {
  const line = lineOf({ upstreams });
  const known = ticket();
  line.adopt(known, "a");
  expect(() => line.adopt(known, "b")).toThrow(known.id);
  expect(() => line.adopt(ticket(), "elsewhere")).toThrow("elsewhere");
  expect(line.view().active).toBe(1);
});

test("adopted requests count for the caps of their users and teams", async () => {
  const line = lineOf({ capacity: 5, maxConcurrentPerUser: 1 });
  const team = { id: "team", maxConcurrent: 1, maxQueued: null };
  const [bobs, teams] = [{ user: "bob" }, { user: "carol", team }].map((who) =>
    line.adopt(ticket(who), "local"),
  );
  const bob = line.join(ticket({ user: "bob" }));
  const dora = line.join(ticket({ user: "dora", team }));
  await settled();
  expect(line.view()).toEqual({ waiting: 2, active: 2, capacity: 5 });
  bobs?.release();
  teams?.release();
  await Promise.all([bob, dora]);
});

test("an upstream that runs two models by adoption starts neither before it is idle", async () => {
  const exclusive = upstreams.map((one) => ({ ...one, capacity: 4, exclusive: true }));
  const swaps: string[] = [];
  const line = lineOf({
    upstreams: exclusive.slice(0, 1),
    onSwap: (_upstream, model) => swaps.push(model),
  });
  const [one, two] = ["m1", "m2"].map((model) => line.adopt(ticket({ model }), "a"));
  const next = line.join(ticket({ model: "m2" }));
  one?.release();
  await settled();
  expect(line.view().waiting).toBe(1);
  two?.release();
  await next;
  expect(swaps).toEqual([]);
});

test("a model with its box full of adopted requests waits, and others start", async () => {
  const line = lineOf({ capacity: 4, modelCapacity: (model) => (model === "big" ? 1 : null) });
  const adopted = [1, 2].map(() => line.adopt(ticket({ model: "big" }), "local"));
  const big = line.join(ticket({ model: "big" }));
  await line.join(ticket());
  adopted[0]?.release();
  await settled();
  expect(line.view().waiting).toBe(1);
  adopted[1]?.release();
  await big;
});

test("the user of an adopted request is charged for it", async () => {
  const line = lineOf();
  const adopted = line.adopt(ticket({ user: "busy" }), "local");
  const order: string[] = [];
  for (const user of ["busy", "other"]) {
    void line.join(ticket({ user })).then(({ release }) => {
      order.push(user);
      release();
    });
  }
  adopted.release();
  await settled();
  expect(order).toEqual(["other", "busy"]);
});

test("the wait at another keeper counts for the class, for the list and in the slot", async () => {
  let now = 0;
  const line = lineOf({ now: () => now, agingMs: 1_000 });
  const running = await line.join(ticket());
  const order: string[] = [];
  const waits: number[] = [];
  const enter = (id: string, more: Partial<Ticket>): void => {
    void line.join(ticket({ id, user: id, ...more })).then(({ waitedMs, release }) => {
      order.push(id);
      waits.push(waitedMs);
      release();
    });
  };
  enter("old", { priority: -1, waitedMs: 5_000 });
  enter("new", {});
  const [, old] = line.list();
  expect(old?.since).toBeLessThan(Date.now() - 4_000);
  now += 10;
  running.release();
  await settled();
  expect(order).toEqual(["old", "new"]);
  expect(waits).toEqual([5_010, 10]);
});

test("what an adopted request ran before is in its time", async () => {
  let now = 0;
  const line = lineOf({ now: () => now });
  line.adopt(ticket({ ranMs: 60_000 }), "local").release();
  const slot = await line.join(ticket());
  void line.join(ticket());
  // The only one that ended had run for a minute.
  expect(line.nextFreeSeconds()).toBe(60);
  now += 1;
  slot.release();
});

test("nothing starts while the line may not start, and what waits starts when it is told", async () => {
  for (const pool of [{}, { upstreams }]) {
    let mayStart = false;
    const line = lineOf({ ...pool, mayStart: () => mayStart });
    const places: number[] = [];
    const slot = line.join(ticket({ onPlace: ({ position }) => places.push(position) }));
    line.adopt(ticket(), "b").release();
    await settled();
    expect(line.view()).toMatchObject({ waiting: 1, active: 0 });
    expect(places).toEqual([1]);
    mayStart = true;
    line.reconsider();
    (await slot).release();
    const next = await line.join(ticket());
    mayStart = false;
    const later = line.join(ticket());
    const another = line.join(ticket());
    next.release();
    await settled();
    expect(line.view()).toMatchObject({ waiting: 2, active: 0 });
    mayStart = true;
    line.reconsider();
    (await later).release();
    (await another).release();
  }
});
