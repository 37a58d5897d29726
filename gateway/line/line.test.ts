import { getEventListeners } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { lineOf, settled, ticket } from "../test/support/test-tickets.ts";
import type { LinePlace } from "./line.ts";

test("a request that finds a free slot starts at once, without a place and without a listener", async () => {
  const line = lineOf();
  const places: LinePlace[] = [];
  const client = new AbortController();
  const slot = await line.join(ticket({ signal: client.signal, onPlace: (of) => places.push(of) }));
  expect(slot.firstPlace).toBe(0);
  expect(places).toEqual([]);
  expect(getEventListeners(client.signal, "abort")).toEqual([]);
  expect(line.view()).toEqual({ waiting: 0, active: 1, capacity: 1 });
});

test("a slot is given back once, even if it is released again", async () => {
  const line = lineOf();
  const first = await line.join(ticket());
  const others = [line.join(ticket()), line.join(ticket())];
  first.release();
  first.release();
  await settled();
  first.release();
  await settled();
  expect(line.view()).toEqual({ waiting: 1, active: 1, capacity: 1 });
  expect(others).toHaveLength(2);
});

test("a request that leaves in the same step as a slot is given back does not start", async () => {
  const swaps: string[] = [];
  const line = lineOf({ onSwap: (_upstream, model) => void swaps.push(model) });
  const first = await line.join(ticket());
  const leaving = new AbortController();
  const dead = line.join(ticket({ model: "other", signal: leaving.signal }));
  const started: string[] = [];
  dead.then(
    () => started.push("dead"),
    () => {},
  );
  const live = line.join(ticket());
  live.then(
    () => started.push("live"),
    () => {},
  );
  first.release();
  leaving.abort(new Error("its process is gone"));
  await settled();
  expect([started, swaps]).toEqual([["live"], []]);
  await expect(dead).rejects.toThrow("its process is gone");
});

test("a request that must wait is told its place before join returns", async () => {
  const line = lineOf();
  const first = await line.join(ticket());
  const places: LinePlace[] = [];
  const second = line.join(ticket({ onPlace: (place) => places.push(place) }));
  const third = line.join(ticket({ onPlace: (place) => places.push(place) }));
  expect(places).toEqual([
    { position: 1, of: 1, etaSeconds: null },
    { position: 2, of: 2, etaSeconds: null },
  ]);
  first.release();
  (await second).release();
  expect((await third).firstPlace).toBe(2);
});

test("a request leaves the line if telling its place throws, and takes no slot with it", async () => {
  const line = lineOf();
  const first = await line.join(ticket());
  const fault = new Error("no place for a place");
  const onPlace = (): never => {
    throw fault;
  };
  await expect(line.join(ticket({ onPlace }))).rejects.toBe(fault);
  first.release();
  await settled();
  expect(line.view()).toEqual({ waiting: 0, active: 0, capacity: 1 });
});

test("places are told again after changes, but not more often than the line allows", async () => {
  let now = 0;
  const line = lineOf({ placesEveryMs: 20, now: () => now });
  const first = await line.join(ticket());
  const second = line.join(ticket());
  const places: LinePlace[] = [];
  line.join(ticket({ onPlace: (place) => places.push(place) }));
  first.release();
  await second;
  await sleep(60);
  // The line's clock stands still: not even one interval has passed since the first place.
  expect(places.map(({ position }) => position)).toEqual([2]);
  now = 20;
  await sleep(60);
  expect(places.map(({ position }) => position)).toEqual([2, 1]);
  now = 1000;
  await sleep(60);
  expect(places).toHaveLength(2);
});

test("a request that leaves while it waits is gone at once and gets the reason", async () => {
  const line = lineOf();
  const first = await line.join(ticket());
  const client = new AbortController();
  const second = line.join(ticket({ signal: client.signal }));
  client.abort(new Error("left"));
  expect(line.view().waiting).toBe(0);
  await expect(second).rejects.toThrow("left");
  first.release();
  await line.join(ticket());
});

test("a client that leaves while it holds a slot keeps it until it is released", async () => {
  const line = lineOf();
  const first = await line.join(ticket());
  const client = new AbortController();
  const second = line.join(ticket({ signal: client.signal }));
  first.release();
  const slot = await second;
  expect(getEventListeners(client.signal, "abort")).toEqual([]);
  client.abort();
  const third = line.join(ticket());
  await settled();
  expect(line.view()).toEqual({ waiting: 1, active: 1, capacity: 1 });
  slot.release();
  await third;
});

test("a client that has already left never joins", async () => {
  const line = lineOf();
  const signal = AbortSignal.abort(new Error("gone"));
  await expect(line.join(ticket({ signal }))).rejects.toThrow("gone");
  expect(line.view().active).toBe(0);
});

test("two requests of one id never displace each other", async () => {
  const line = lineOf();
  await line.join(ticket({ id: "twin" }));
  await expect(line.join(ticket({ id: "twin" }))).rejects.toThrow("twin");
  expect(line.view()).toEqual({ waiting: 0, active: 1, capacity: 1 });
});

test("draining rejects waiting and new requests, and starts none", async () => {
  const line = lineOf();
  const first = await line.join(ticket());
  const waiting = [line.join(ticket()), line.join(ticket())];
  line.drain();
  for (const each of waiting) await expect(each).rejects.toMatchObject({ code: "shutting_down" });
  await expect(line.join(ticket())).rejects.toMatchObject({ code: "shutting_down" });
  expect(line.view()).toEqual({ waiting: 0, active: 1, capacity: 1 });
  line.resume();
  expect(line.state()).toBe("open");
  first.release();
});

test("a full line refuses, a line with a free slot does not, and a user's own part can be full", async () => {
  const line = lineOf({ maxQueue: 0 });
  expect(line.whatIsFull("alice")).toBe(null);
  await line.join(ticket());
  expect(line.whatIsFull("alice")).toBe("line");
  const own = lineOf({ maxQueuedPerUser: 1 });
  await own.join(ticket());
  own.join(ticket());
  expect(own.whatIsFull("alice")).toBe("user");
  expect(own.whatIsFull("bob")).toBe(null);
  expect(own.whatIsFull("alice", null)).toBe(null);
});

test("retryAfterSeconds tells when a slot is expected to come free", async () => {
  let now = 0;
  const line = lineOf({ now: () => now });
  expect(line.retryAfterSeconds()).toBe(5);
  const hold = async (ms: number): Promise<void> => {
    const slot = await line.join(ticket());
    now += ms;
    slot.release();
    await settled();
  };
  for (let index = 0; index < 5; index++) await hold(20_000);
  expect(line.retryAfterSeconds()).toBe(1);
  await line.join(ticket());
  now += 8000;
  expect(line.retryAfterSeconds()).toBe(12);
  const places: LinePlace[] = [];
  line.join(ticket({ onPlace: (place) => places.push(place) }));
  line.join(ticket({ onPlace: (place) => places.push(place) }));
  expect(places.map(({ etaSeconds }) => etaSeconds)).toEqual([12, 32]);
});
