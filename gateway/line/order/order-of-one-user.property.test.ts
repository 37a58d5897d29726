import fc from "fast-check";
import { expect, test } from "vitest";
import { createTrialQueue, type TrialQueue } from "../../test/support/trial-queue.ts";
import type { FairQueue } from "./fair-queue.ts";
import type { LineEntry } from "./line-entry.ts";

/** Each request takes as long as the queue expects. Milliseconds. */
const eachMs = 1_000;
/** A streamed request goes before one of its session that came less than this before it. */
const togetherMs = 1_000;

const request = fc.record({
  session: fc.constantFrom(undefined, "chat", "agent", "other"),
  streamed: fc.constantFrom(undefined, true, false),
  priority: fc.constantFrom(-1, 0, 0, 0, 1),
  /** Since the request before. */
  afterMs: fc.nat(2_500),
});

/** The ids in the order in which a copy starts them, while nothing joins. */
function foreseen(queue: FairQueue, from: number): string[] {
  const ahead = queue.copy();
  for (const id of [...queue.running.keys()]) ahead.end(id, from);
  const order: string[] = [];
  let now = from;
  for (let entry = ahead.next(now); entry !== null; entry = ahead.next(now)) {
    ahead.start(entry, now, eachMs);
    order.push(entry.request.id);
    now += eachMs;
    ahead.end(entry.request.id, now);
  }
  return order;
}

type Joined = { entry: LineEntry; streamed: boolean | undefined };

function joinAll(trial: TrialQueue, requests: readonly Record<string, unknown>[]): Joined[] {
  return requests.map(({ afterMs, ...more }, index) => {
    trial.now += Number(afterMs);
    const entry = trial.add(`r${index}`, "alice", more);
    return { entry, streamed: entry.request.streamed };
  });
}

test("one user's requests start by class, and within a session by arrival, but for streamed ones", () => {
  fc.assert(
    fc.property(fc.array(request, { minLength: 2, maxLength: 40 }), (requests) => {
      const trial = createTrialQueue({ agingMs: null });
      const joined = joinAll(trial, requests);
      const order = trial.drain(eachMs);
      expect(order).toHaveLength(joined.length);
      const place = new Map(order.map((id, at) => [id, at]));
      const placeOf = ({ entry }: Joined): number => place.get(entry.request.id) ?? -1;
      for (const [at, earlier] of joined.entries()) {
        for (const later of joined.slice(at + 1)) {
          const [a, b] = [earlier.entry, later.entry];
          const [first, second] = [a.request.priority ?? 0, b.request.priority ?? 0];
          if (first !== second) {
            expect(placeOf(earlier) < placeOf(later)).toBe(first > second);
            continue;
          }
          if (a.request.session !== b.request.session) continue;
          const isTogether = b.joinedAt - a.joinedAt < togetherMs;
          const mayPass = later.streamed !== false && earlier.streamed === false && isTogether;
          if (!mayPass) expect(placeOf(earlier)).toBeLessThan(placeOf(later));
        }
      }
    }),
  );
});

test("places only shrink while nothing joins, and by one with each start", () => {
  fc.assert(
    fc.property(
      fc.array(request, { minLength: 2, maxLength: 30 }),
      fc.boolean(),
      (requests, ages) => {
        const trial = createTrialQueue({ agingMs: ages ? 5_000 : null });
        joinAll(trial, requests);
        for (let places = foreseen(trial.queue, trial.now); places.length > 0; ) {
          expect(trial.start(eachMs)).toBe(places[0]);
          trial.now += eachMs;
          trial.end(places[0] ?? "");
          const next = foreseen(trial.queue, trial.now);
          expect(next).toEqual(places.slice(1));
          places = next;
        }
      },
    ),
  );
});

test("requests that leave move nobody back, and places stay what they were told to be", () => {
  fc.assert(
    fc.property(
      fc.array(request, { minLength: 2, maxLength: 30 }),
      fc.array(fc.nat(1_000), { maxLength: 10 }),
      (requests, leaving) => {
        const trial = createTrialQueue({ agingMs: null });
        joinAll(
          trial,
          requests.map((one) => ({ ...one, session: "chat" })),
        );
        let places = foreseen(trial.queue, trial.now);
        for (const nth of leaving.slice(0, requests.length - 1)) {
          const gone = places[nth % places.length] ?? "";
          trial.queue.remove(gone);
          places = places.filter((id) => id !== gone);
          expect(foreseen(trial.queue, trial.now)).toEqual(places);
        }
        expect(trial.drain(eachMs)).toEqual(places);
      },
    ),
  );
});
