import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { GatewayError } from "../errors.ts";
import { Roster } from "../roster.ts";
import { sampleIdentity } from "../test/support/test-generation.ts";
import type { Underway } from "./keeper.ts";
import { stopRemovedUsers } from "./stop-removed-users.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function watched() {
  const underway = new Roster<Underway>();
  const sentAway: string[] = [];
  const state = { mayStay: true, notes: new Map<string, number>(), looks: 0 };
  const watch = stopRemovedUsers(
    {
      underway,
      lines: {
        cancel: (id: string, reason?: GatewayError) => {
          if (id.startsWith("running")) return false;
          sentAway.push(`${id} ${reason?.status}`);
          return true;
        },
      },
      mayStay: () => {
        state.looks += 1;
        return state.mayStay;
      },
      stopNotes: () => state.notes,
    },
    1_000,
  );
  const add = (id: string, startedAt = 5): AbortController => {
    const stop = new AbortController();
    underway.set(id, { user: "alice", identity: sampleIdentity, startedAt, stop });
    return stop;
  };
  return { watch, state, add, sentAway };
}

it("a users file that is away for one look empties no queue, for two it does", () => {
  const { watch, state, add, sentAway } = watched();
  using _ = watch;
  add("waiting");
  state.mayStay = false;
  vi.advanceTimersByTime(1_000);
  state.mayStay = true;
  vi.advanceTimersByTime(1_000);
  state.mayStay = false;
  vi.advanceTimersByTime(1_000);
  expect(sentAway).toEqual([]);
  vi.advanceTimersByTime(1_000);
  expect(sentAway).toEqual(["waiting 401"]);
});

it("what runs goes on without a note, and is stopped at the first look with one", () => {
  const { watch, state, add } = watched();
  using _ = watch;
  const stop = add("running");
  const later = add("running later", 6);
  state.mayStay = false;
  vi.advanceTimersByTime(5_000);
  expect(stop.signal.aborted).toBe(false);
  state.notes.set("alice", 5);
  vi.advanceTimersByTime(1_000);
  expect(stop.signal.reason).toMatchObject({ code: "cancelled", status: 401 });
  expect(later.signal.aborted).toBe(false);
});

it("nothing under way, no look; and none after the end", () => {
  const { watch, state, add } = watched();
  vi.advanceTimersByTime(10_000);
  expect(state.looks).toBe(0);
  add("waiting");
  watch[Symbol.dispose]();
  vi.advanceTimersByTime(10_000);
  expect(state.looks).toBe(0);
});
