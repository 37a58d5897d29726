import fc from "fast-check";
import { expect, test } from "vitest";
import { createTrialQueue } from "../../test/support/trial-queue.ts";

const webui = { id: "webui", maxConcurrent: 2, maxQueued: null };

test("a team's cap bounds all of its users together, and holds up nobody else", () => {
  const trial = createTrialQueue();
  for (const user of ["ann", "ben", "cid"]) trial.add(user, user, { team: webui });
  trial.add("dora", "dora");
  expect([trial.start(), trial.start(), trial.start(), trial.start()]).toEqual([
    ...["ann", "ben", "dora", ""],
  ]);
  trial.now = 1000;
  trial.end("dora");
  expect(trial.start()).toBe("");
  trial.end("ann");
  expect([trial.start(), trial.start()]).toEqual(["cid", ""]);
});

test("the cap of the latest request of a team holds from then on", () => {
  const trial = createTrialQueue();
  for (const user of ["ann", "ben", "cid"]) trial.add(user, user, { team: webui });
  expect([trial.start(), trial.start(), trial.start()]).toEqual(["ann", "ben", ""]);
  trial.add("eve", "eve", { team: { ...webui, maxConcurrent: 3 } });
  expect([trial.start(), trial.start()]).toEqual(["cid", ""]);
});

test("a member's own request, with another key, does not wait for the team", () => {
  const trial = createTrialQueue();
  const one = { ...webui, maxConcurrent: 1 };
  trial.add("ann", "ann", { team: one });
  trial.add("ben", "ben", { team: one });
  trial.add("own", "ben");
  expect([trial.start(), trial.start(), trial.start()]).toEqual(["ann", "own", ""]);
});

test("a member who comes late does not wait for the backlog of another, however long the cap held", () => {
  const trial = createTrialQueue();
  const one = { ...webui, maxConcurrent: 1 };
  for (let index = 0; index < 60; index++) {
    trial.add(`a${index}`, "ann", { team: one });
    for (let more = 0; more < 3; more++) trial.add(`d${index}.${more}`, "dora");
  }
  const round = (): string[] => {
    const started: string[] = [];
    for (let id = trial.start(); id !== "" && started.length < 4; id = trial.start()) {
      started.push(id);
      if (trial.queue.running.size === 4) break;
    }
    trial.now += 1000;
    for (const id of started) trial.end(id);
    return started;
  };
  for (let index = 0; index < 30; index++) round();
  trial.add("ben", "ben", { team: one });
  expect([...round(), ...round(), ...round()]).toContain("ben");
});

test("time behind the cap is not saved up: others go on when the user leaves the team", () => {
  const trial = createTrialQueue();
  const one = { ...webui, maxConcurrent: 1 };
  trial.add("a0", "ann", { team: one });
  trial.add("d0", "dora");
  expect([trial.start(), trial.start()]).toEqual(["a0", "d0"]);
  trial.add("a1", "ann", { team: one });
  for (let index = 1; index <= 30; index++) {
    trial.add(`d${index}`, "dora");
    trial.now += 1000;
    trial.end(`d${index - 1}`);
    expect(trial.start()).toBe(`d${index}`);
  }
  trial.end("a0");
  expect(trial.start()).toBe("a1");
  for (let index = 0; index < 10; index++) trial.add(`own${index}`, "ann");
  for (let index = 0; index < 10; index++) trial.add(`more${index}`, "dora");
  trial.now += 1000;
  trial.end("d30");
  trial.end("a1");
  const order = trial.drain().slice(0, 10);
  expect(order.filter((id) => id.startsWith("more")).length).toBeGreaterThanOrEqual(4);
});

test("never more of a team run than its cap, no slot stays free, and nothing is left behind", () => {
  const join = fc.record({
    user: fc.nat(5),
    team: fc.constantFrom(undefined, "x", "y"),
    model: fc.nat(1),
    priority: fc.integer({ min: -1, max: 1 }),
  });
  const step = fc.oneof(join, fc.record({ end: fc.nat(9) }), fc.record({ leave: fc.nat(9) }));
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 120 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 3 }),
      fc.boolean(),
      (steps, slots, cap, hasModels) => {
        const modelCapacity = hasModels
          ? (model: string) => (model === "m1" ? 2 : null)
          : () => null;
        const trial = createTrialQueue({ modelCapacity });
        const { queue } = trial;
        const nth = (of: Iterable<string>, n: number): string => {
          const all = [...of];
          return all[n % all.length] ?? "";
        };
        const running = () => [...queue.running.values()].map(({ request }) => request);
        const ofTeam = (id: string) => running().filter(({ team }) => team?.id === id).length;
        const fill = () => {
          while (queue.running.size < slots && trial.start() !== "");
        };
        for (const [serial, each] of steps.entries()) {
          trial.now += 500;
          if ("end" in each) trial.end(nth(queue.running.keys(), each.end));
          else if ("leave" in each) queue.remove(nth(queue.waiting.keys(), each.leave));
          else {
            const { team, priority, model } = each;
            const rule = team && { id: team, maxConcurrent: cap, maxQueued: null };
            const more = { model: `m${model}`, priority, team: rule || undefined };
            trial.add(`${serial}`, `u${each.user}`, more);
          }
          fill();
          for (const id of ["x", "y"]) {
            expect(ofTeam(id)).toBeLessThanOrEqual(cap);
            const waits = [...queue.waiting.values()].filter((one) => one.request.team?.id === id);
            expect(queue.waitingOfTeam(id)).toBe(waits.length);
          }
          if (queue.running.size === slots) continue;
          const models = running().filter(({ model }) => model === "m1").length;
          for (const { request } of queue.waiting.values()) {
            const isFull = hasModels && request.model === "m1" && models >= 2;
            expect(isFull || ofTeam(request.team?.id ?? "") >= cap).toBe(true);
          }
          // The line that is run ahead obeys the same caps.
          const ahead = queue.copy();
          for (let next = ahead.next(trial.now); next !== null; next = ahead.next(trial.now)) {
            ahead.start(next, trial.now, 1000);
            const all = [...ahead.running.values()];
            for (const id of ["x", "y"]) {
              const many = all.filter(({ request }) => request.team?.id === id).length;
              expect(many).toBeLessThanOrEqual(cap);
            }
          }
        }
        for (let left = steps.length; left > 0 && queue.running.size > 0; left--) {
          trial.end(nth(queue.running.keys(), 0));
          fill();
        }
        expect([queue.waiting.size, queue.running.size]).toEqual([0, 0]);
        expect([queue.waitingOfTeam("x"), queue.waitingOfTeam("y")]).toEqual([0, 0]);
      },
    ),
  );
});
