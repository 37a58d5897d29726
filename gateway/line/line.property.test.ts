import fc from "fast-check";
import { expect, test } from "vitest";
import { createLine, type Slot } from "./line.ts";

type Step = { do: "join" | "leave" | "release" | "cancel" | "resize" | "rest"; nth: number };

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    do: fc.constantFrom(
      "join",
      "join",
      "join",
      "leave",
      "release",
      "release",
      "cancel",
      "resize",
      "rest",
    ),
    nth: fc.nat(40),
  }),
  { maxLength: 80, size: "max" },
);

const options = fc.record({
  capacity: fc.nat(3),
  maxConcurrentPerUser: fc.constantFrom(null, 1),
  exclusiveModels: fc.boolean(),
  upstreams: fc.constantFrom(undefined, [
    { name: "a", capacity: 1 },
    { name: "b", capacity: 2 },
  ]),
});

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("no slot and no place is ever lost, whatever joins, leaves and ends", async () => {
  await fc.assert(
    fc.asyncProperty(options, steps, async (given, plan) => {
      const { upstreams, ...rules } = given;
      const pool = upstreams === undefined ? {} : { upstreams };
      const line = createLine({ ...rules, ...pool, maxQueue: null });
      const clients: AbortController[] = [];
      const slots: Slot[] = [];
      let ended = 0;
      const join = (nth: number): void => {
        const client = new AbortController();
        const who = { id: `${clients.length}`, user: `u${nth % 3}`, model: `m${nth % 2}` };
        const maxConcurrent = nth % 5 === 0 ? (nth % 3) + 1 : given.maxConcurrentPerUser;
        clients.push(client);
        line.join({ ...who, maxConcurrent, signal: client.signal }).then(
          (slot) => slots.push(slot),
          () => ended++,
        );
      };
      for (const { do: what, nth } of plan) {
        if (what === "join") join(nth);
        if (what === "leave") clients[nth]?.abort(new Error("left"));
        if (what === "cancel") line.cancel(`${nth}`);
        if (what === "resize") line.setCapacity(nth % 4, upstreams && "b");
        if (what === "release") slots[nth % slots.length]?.release();
        if (what === "rest") await settled();
        const { active, waiting } = line.view();
        const places = line.list().filter(({ state }) => state === "waiting");
        expect(places.map(({ position }) => position)).toEqual(places.map((_, at) => at + 1));
        expect(places).toHaveLength(waiting);
        expect(active + waiting).toBeLessThanOrEqual(clients.length);
      }
      line.setCapacity(2, upstreams && "b");
      for (let rounds = 0; rounds < 100 && slots.length + ended < clients.length; rounds++) {
        for (const slot of slots) slot.release();
        await settled();
      }
      for (const slot of slots) slot.release();
      expect(slots.length + ended).toBe(clients.length);
      const capacity = upstreams === undefined ? 2 : 3;
      expect(line.view()).toEqual({ waiting: 0, active: 0, capacity });
    }),
    { numRuns: 300 },
  );
});

test("never more requests run than there are slots, and no slot is free while a request that may start waits", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 4 }), steps, async (capacity, plan) => {
      const line = createLine({ capacity, maxQueue: null });
      const clients: AbortController[] = [];
      const slots: Slot[] = [];
      for (const { do: what, nth } of plan) {
        if (what === "join") {
          const client = new AbortController();
          const who = { id: `${clients.length}`, user: `u${nth % 3}`, model: "m" };
          clients.push(client);
          line.join({ ...who, signal: client.signal }).then(
            (slot) => slots.push(slot),
            () => {},
          );
        }
        if (what === "leave") clients[nth]?.abort(new Error("left"));
        if (what === "release") slots[nth % slots.length]?.release();
        expect(line.view().active).toBeLessThanOrEqual(capacity);
        await settled();
        const { active, waiting } = line.view();
        expect(active).toBeLessThanOrEqual(capacity);
        if (waiting > 0) expect(active).toBe(capacity);
      }
    }),
    { numRuns: 200 },
  );
});
