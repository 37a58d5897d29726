import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { lineOf, settled, ticket } from "../test/support/test-tickets.ts";
import type { Slot } from "./line.ts";

test("a paused line starts no request, and later continues in the same order", async () => {
  const line = lineOf();
  line.pause();
  const first = line.join(ticket());
  await settled();
  expect(line.view()).toEqual({ waiting: 1, active: 0, capacity: 1 });
  line.resume();
  expect((await first).firstPlace).toBe(1);
});

test("the capacity may change while requests wait, and 0 stops the starts", async () => {
  const line = lineOf({ capacity: 0 });
  const slots: Slot[] = [];
  for (let index = 0; index < 4; index++) line.join(ticket()).then((slot) => slots.push(slot));
  await settled();
  expect(line.view()).toEqual({ waiting: 4, active: 0, capacity: 0 });
  line.setCapacity(2);
  await settled();
  expect(line.view()).toEqual({ waiting: 2, active: 2, capacity: 2 });
  line.setCapacity(1);
  slots.shift()?.release();
  await settled();
  expect(line.view()).toEqual({ waiting: 2, active: 1, capacity: 1 });
  line.setCapacity(0);
  slots.shift()?.release();
  await settled();
  expect(line.view()).toEqual({ waiting: 2, active: 0, capacity: 0 });
});

test("a waiting request can be sent away by id, a running one cannot", async () => {
  const line = lineOf();
  await line.join(ticket({ id: "running" }));
  const second = line.join(ticket({ id: "waiting" }));
  expect(line.cancel("running")).toBe(false);
  expect(line.cancel("nobody")).toBe(false);
  expect(line.cancel("waiting")).toBe(true);
  await expect(second).rejects.toMatchObject({ code: "cancelled" });
});

test("the list shows running requests, then waiting ones in the order in which they will start", async () => {
  const line = lineOf();
  await line.join(ticket({ id: "a1" }));
  line.join(ticket({ id: "a2" }));
  line.join(ticket({ id: "b1", user: "bob" }));
  const shown = line
    .list()
    .map(({ id, user, state, position, of }) => [id, user, state, position, of]);
  expect(shown).toEqual([
    ["a1", "alice", "running", 0, 2],
    ["b1", "bob", "waiting", 1, 2],
    ["a2", "alice", "waiting", 2, 2],
  ]);
  expect(Math.abs(line.list()[0]!.since - Date.now())).toBeLessThan(10_000);
});

test("many changes make one call to each listener", async () => {
  const line = lineOf({ placesEveryMs: 20 });
  let calls = 0;
  const stop = line.onChange(() => calls++);
  const slot = await line.join(ticket());
  slot.release();
  await sleep(60);
  expect(calls).toBe(1);
  stop();
  await line.join(ticket());
  await sleep(60);
  expect(calls).toBe(1);
});

test("a request that a cap held back starts when another one of its user ends", async () => {
  const line = lineOf({ capacity: 4, maxConcurrentPerUser: 1 });
  const first = await line.join(ticket());
  const second = line.join(ticket());
  const other = await line.join(ticket({ user: "bob" }));
  expect(other.firstPlace).toBe(0);
  expect(line.view()).toEqual({ waiting: 1, active: 2, capacity: 4 });
  first.release();
  await second;
});

test("a raised cap lets all requests start that may, the new one too", async () => {
  const line = lineOf({ capacity: 4 });
  await line.join(ticket({ maxConcurrent: 1 }));
  const held = line.join(ticket({ maxConcurrent: 1 }));
  const newcomer = line.join(ticket({ maxConcurrent: 3 }));
  await Promise.all([held, newcomer]);
  expect(line.view()).toEqual({ waiting: 0, active: 3, capacity: 4 });
});
