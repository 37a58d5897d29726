import fc from "fast-check";
import { expect, test } from "vitest";
import { createTrialQueue } from "../../test/support/trial-queue.ts";

test("an agent swarm does not hold up its owner's chat", () => {
  const trial = createTrialQueue();
  for (let index = 0; index < 20; index++)
    trial.add(`agent${index}`, "alice", { session: "agent" });
  expect(trial.start()).toBe("agent0");
  trial.now = 1000;
  trial.end("agent0");
  trial.add("chat", "alice", { session: "chat" });
  expect([trial.start(), trial.start()]).toContain("chat");
});

test("sessions of one user share their turns equally, and take nothing from other users", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2, max: 5 }),
      fc.integer({ min: 200, max: 3000 }),
      (count, ms) => {
        const trial = createTrialQueue();
        for (let round = 0; round < 12; round++) {
          for (let session = 0; session < count; session++) {
            // The first session asks for three times as many.
            for (let more = 0; more < (session === 0 ? 3 : 1); more++) {
              trial.add(`a${session}-${round}-${more}`, "alice", { session: `s${session}` });
            }
          }
          trial.add(`b${round}`, "bob");
        }
        const order = trial.drain(ms).slice(0, 20);
        const bobs = order.filter((id) => id.startsWith("b")).length;
        expect(Math.abs(bobs - 10)).toBeLessThanOrEqual(1);
        const bySession = Map.groupBy(
          order.filter((id) => id.startsWith("a")),
          (id) => id.split("-")[0],
        );
        const counts = Array.from(bySession.values(), ({ length }) => length);
        expect(counts).toHaveLength(count);
        expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      },
    ),
  );
});

test("a streamed request goes before those of its session that are not and came together with it", () => {
  const trial = createTrialQueue();
  trial.add("running", "bob");
  expect(trial.start()).toBe("running");
  trial.add("title", "alice", { session: "chat", streamed: false });
  trial.now = 300;
  trial.add("answer", "alice", { session: "chat", streamed: true });
  trial.now = 2_000;
  trial.add("tags", "alice", { session: "chat", streamed: false });
  trial.now = 4_000;
  trial.add("next", "alice", { session: "chat", streamed: true });
  trial.end("running");
  expect(trial.drain()).toEqual(["answer", "title", "tags", "next"]);
});

test("every request of every session starts, whatever comes, leaves and ends", () => {
  const step = fc.record({
    user: fc.constantFrom("alice", "bob"),
    session: fc.constantFrom(undefined, "a", "b", "c"),
    streamed: fc.constantFrom(undefined, true, false),
    priority: fc.integer({ min: -1, max: 1 }),
    does: fc.constantFrom("join", "join", "start", "end", "leave"),
    ms: fc.nat(3_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const trial = createTrialQueue({ agingMs: 5_000 });
      const started: string[] = [];
      let left = 0;
      for (const [serial, { does, ms, user, ...more }] of steps.entries()) {
        trial.now += ms;
        if (does === "join") trial.add(`${serial}`, user, more);
        if (does === "start") started.push(...[trial.start()].filter((id) => id !== ""));
        const [running] = trial.queue.running.keys();
        if (does === "end" && running !== undefined) trial.end(running);
        const [waiting] = trial.queue.waiting.keys();
        if (does === "leave" && waiting !== undefined && trial.queue.remove(waiting)) left += 1;
      }
      for (const id of [...trial.queue.running.keys()]) trial.end(id);
      started.push(...trial.drain());
      const joined = steps.filter(({ does }) => does === "join").length;
      expect(new Set(started).size).toBe(started.length);
      expect(started.length + left).toBe(joined);
      expect([...trial.queue.shares.all()]).toEqual([]);
    }),
  );
});

test("a client that names a new session with each request gets no more of the line", () => {
  const trial = createTrialQueue();
  for (let index = 0; index < 300; index++)
    trial.add(`a${index}`, "alice", { session: `s${index}` });
  for (let index = 0; index < 10; index++) trial.add(`b${index}`, "bob");
  const [share] = trial.queue.shares.all();
  expect(share?.lanes.length).toBeLessThanOrEqual(33);
  const order = trial.drain().slice(0, 20);
  expect(order.filter((id) => id.startsWith("b")).length).toBeGreaterThanOrEqual(9);
});
