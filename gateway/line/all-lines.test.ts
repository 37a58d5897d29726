import { expect, it } from "vitest";
import { allLines } from "./all-lines.ts";
import { createLine } from "./line.ts";

it("a thousand listeners of a long line make one list at each change, not a thousand", async () => {
  const line = createLine({ capacity: 1, maxQueue: null });
  const lines = allLines([line], () => 1);
  const { signal } = new AbortController();
  const slot = await line.join({ id: "a", user: "alice", model: "m", signal });
  const before = lines.list();
  // All listeners are told one after the other, in one turn of the event loop.
  expect(lines.list()).toBe(before);
  slot.release();
  await Promise.resolve();
  expect(before).toHaveLength(1);
  expect(lines.list()).toEqual([]);
});

it("a change by steering is in the list at once", async () => {
  const line = createLine({ capacity: 1, maxQueue: null });
  const lines = allLines([line], () => 1);
  const { signal } = new AbortController();
  await line.join({ id: "a", user: "alice", model: "m", signal });
  const waiting = line.join({ id: "b", user: "alice", model: "m", signal });
  expect(lines.list().map(({ id }) => id)).toEqual(["a", "b"]);
  expect(lines.cancel("b")).toBe(true);
  expect(lines.list().map(({ id }) => id)).toEqual(["a"]);
  lines.drain();
  await expect(waiting).rejects.toMatchObject({ code: "cancelled" });
});
