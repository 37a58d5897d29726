import { expect, test } from "vitest";
import { settled, ticket } from "../../test/support/test-tickets.ts";
import { createLine, type LineOptions, type LinePlace, type RouteSeats } from "../line.ts";

const only = (upstream: string): RouteSeats => ({ key: upstream, list: [{ upstream, tier: 0 }] });
const upstreams = [
  { name: "a", capacity: 1 },
  { name: "b", capacity: 1 },
];
const lineOf = (options: Partial<LineOptions> = {}) =>
  createLine({ maxQueue: null, upstreams, ...options });

test("one line fills every upstream of its pool, and a slot names its upstream", async () => {
  const line = lineOf();
  const slots = [await line.join(ticket()), await line.join(ticket())];
  expect(slots.map(({ upstream }) => upstream)).toEqual(["a", "b"]);
  const third = line.join(ticket());
  expect(line.view()).toEqual({ waiting: 1, active: 2, capacity: 2 });
  slots[1]?.release();
  expect((await third).upstream).toBe("b");
});

test("an upstream that is back is used as soon as the line is told", async () => {
  let isUp = false;
  const line = lineOf({ usable: (name) => name === "a" || isUp });
  await line.join(ticket());
  const second = line.join(ticket());
  await settled();
  expect(line.view().waiting).toBe(1);
  isUp = true;
  line.reconsider();
  expect((await second).upstream).toBe("b");
});

test("capacities change one by one, and an upstream above its capacity stops no other", async () => {
  const line = lineOf({ upstreams: [{ name: "a", capacity: 4 }, upstreams[1]!] });
  for (let index = 0; index < 4; index++) await line.join(ticket({ seats: only("a") }));
  line.setCapacity(1, "a");
  expect(line.view()).toEqual({ waiting: 0, active: 4, capacity: 2 });
  expect((await line.join(ticket())).upstream).toBe("b");
  const waits = line.join(ticket());
  line.setCapacity(2, "b");
  expect((await waits).upstream).toBe("b");
  expect(() => line.setCapacity(1, "elsewhere")).toThrow("elsewhere");
  expect(() => line.setCapacity(1)).toThrow();
});

test("the first place counts only slots that the request may use", async () => {
  let now = 0;
  const line = lineOf({ now: () => now });
  for (let index = 0; index < 20; index++) {
    const slot = await line.join(ticket());
    now += 10_000;
    slot.release();
    await settled();
  }
  await line.join(ticket({ seats: only("a") }));
  const places: (LinePlace & { for: string })[] = [];
  const wait = (name: string) => {
    const told = {
      seats: only(name),
      onPlace: (place: LinePlace) => places.push({ ...place, for: name }),
    };
    line.join(ticket(told));
  };
  wait("a");
  wait("a");
  expect((await line.join(ticket({ seats: only("b") }))).firstPlace).toBe(0);
  now += 4000;
  wait("b");
  expect(places).toEqual([
    { position: 1, of: 1, etaSeconds: 10, range: expect.anything(), for: "a" },
    { position: 2, of: 2, etaSeconds: 20, range: expect.anything(), for: "a" },
    { position: 2, of: 3, etaSeconds: 6, range: expect.anything(), for: "b" },
  ]);
});

test("onSwap names the upstream that has loaded another model", async () => {
  const swaps: string[] = [];
  const line = lineOf({ exclusiveModels: true, onSwap: (upstream) => swaps.push(upstream) });
  const slot = await line.join(ticket({ model: "one", seats: only("b") }));
  slot.release();
  await line.join(ticket({ model: "two", seats: only("b") }));
  expect(swaps).toEqual(["b"]);
});

test("a request without a seat is rejected, and leaves nothing behind", async () => {
  const line = lineOf();
  await expect(line.join(ticket({ seats: only("c") }))).rejects.toThrow("seats");
  expect(line.view()).toEqual({ waiting: 0, active: 0, capacity: 2 });
});
