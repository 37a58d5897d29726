import { expect, it } from "vitest";
import { BodyRoom } from "./body-room.ts";
import { shareOfMemory } from "./share-of-memory.ts";

/** Takes piece by piece until it is refused; gives what it got. */
function takeAll(room: BodyRoom, user: string): number {
  let got = 0;
  try {
    for (;;) {
      room.take(user, 1);
      got++;
    }
  } catch (error) {
    expect(error).toMatchObject({ code: "memory_full", status: 503 });
    return got;
  }
}

it("leaves a share for the next user, whatever the users before have taken", () => {
  const room = new BodyRoom(1200);
  expect(takeAll(room, "alice")).toBe(600);
  expect(takeAll(room, "bob")).toBe(300);
  expect(takeAll(room, "carol")).toBe(150);
  room.take("dora", 50);
  expect(room.held).toBe(1100);
});

it("says whether the user's share or the whole room is full", () => {
  const room = new BodyRoom(100);
  room.take("alice", 50);
  expect(() => room.take("alice", 1)).toThrow(/whole share.*MAX_WAITING_BYTES/);
  expect(() => room.take("bob", 51)).toThrow(/too many large requests.*MAX_WAITING_BYTES/);
});

it("has all of its room again when everything is given back", () => {
  const room = new BodyRoom(100);
  for (const user of ["alice", "bob"]) room.take(user, 25);
  for (const user of ["alice", "bob"]) room.give(user, 25);
  expect(room.held).toBe(0);
  expect(takeAll(room, "carol")).toBe(50);
});

it.each([
  ["the limit of a container", 1024, 4096, 256],
  ["the machine's memory where there is no limit", 2 ** 64, 4096, 1024],
  ["the machine's memory where the limit is unknown", 0, 4096, 1024],
])("is by default a quarter of %s", (_what, limit, machine, quarter) => {
  expect(shareOfMemory(limit, machine)).toBe(quarter);
});
