import { expect, test } from "vitest";
import { createLine, type Place, type Ticket } from "./line.ts";

let serial = 0;
const ticket = (more: Partial<Ticket> = {}): Ticket => ({
  id: `ticket-${++serial}`,
  user: "alice",
  model: "m",
  signal: new AbortController().signal,
  ...more,
});

test("whoever finds a slot free starts at once and is told no place", async () => {
  const line = createLine({ capacity: 1, maxQueue: null });
  const places: Place[] = [];
  const slot = await line.join(ticket({ onPlace: (place) => places.push(place) }));
  expect(slot.firstPlace).toBe(0);
  expect(places).toEqual([]);
  expect(line.view()).toEqual({ waiting: 0, active: 1, capacity: 1 });
  slot.release();
  slot.release();
  expect(line.view().active).toBe(0);
});

test("whoever must wait is told the place before join returns", async () => {
  const line = createLine({ capacity: 1, maxQueue: null });
  const first = await line.join(ticket());
  const places: Place[] = [];
  const second = line.join(ticket({ onPlace: (place) => places.push(place) }));
  expect(places).toEqual([{ position: 1, of: 1, etaSeconds: null }]);
  first.release();
  const slot = await second;
  expect(slot.firstPlace).toBe(1);
  slot.release();
});

test("whoever leaves while waiting is gone at once and gets the reason", async () => {
  const line = createLine({ capacity: 1, maxQueue: null });
  const first = await line.join(ticket());
  const client = new AbortController();
  const second = line.join(ticket({ signal: client.signal }));
  client.abort(new Error("left"));
  expect(line.view().waiting).toBe(0);
  await expect(second).rejects.toThrow("left");
  first.release();
  (await line.join(ticket())).release();
});

test("draining turns away those who wait and those who come", async () => {
  const line = createLine({ capacity: 1, maxQueue: null });
  const first = await line.join(ticket());
  const second = line.join(ticket());
  line.drain();
  await expect(second).rejects.toMatchObject({ code: "shutting_down" });
  await expect(line.join(ticket())).rejects.toMatchObject({ code: "shutting_down" });
  expect(line.view()).toEqual({ waiting: 0, active: 1, capacity: 1 });
  first.release();
});

test("a full line refuses, and one with a free slot does not", async () => {
  const line = createLine({ capacity: 1, maxQueue: 0 });
  expect(line.refusal("alice")).toBe(null);
  const first = await line.join(ticket());
  expect(line.refusal("alice")).toBe("queue_full");
  expect(line.retryAfterSeconds()).toBeGreaterThanOrEqual(1);
  first.release();
});
