import { expect, test } from "vitest";
import { createBootTime, createRealClock } from "./real-clock.ts";
import { clusterTimes } from "./times.ts";

/** A machine with its three clocks. */
function newMachine() {
  const times = { awake: 1_000, asleep: 0, corrected: 0, reads: 0 };
  const boot = createBootTime({
    now: () => times.awake,
    day: () => 1_700_000_000_000 + times.awake + times.asleep + times.corrected,
    uptime: () => {
      times.reads += 1;
      return 50_000 + times.awake + times.asleep;
    },
  });
  return { times, boot };
}

test("a sleep is seen at the next question, however short the time after it", () => {
  const { times, boot } = newMachine();
  expect(boot()).toBe(51_000);
  times.asleep = 60_000;
  times.awake += 1;
  expect(boot()).toBe(111_001);
});

test("the system is asked once a second, or when the time of day was set", () => {
  const { times, boot } = newMachine();
  for (let index = 0; index < 100; index++) {
    times.awake += 5;
    expect(boot()).toBe(50_000 + times.awake);
  }
  expect(times.reads).toBe(1);
  times.corrected = -3_600_000;
  expect(boot()).toBe(50_000 + times.awake);
  expect(times.reads).toBe(2);
  times.awake += 1_001;
  expect(boot()).toBe(50_000 + times.awake);
  expect(times.reads).toBe(3);
});

test("both times of this machine go on together, and what is cancelled is not called", async () => {
  const clock = createRealClock();
  const apart = clock.boot() - clock.now();
  const called: string[] = [];
  clock.later(1, () => called.push("cancelled"))();
  await new Promise<void>((resolve) => {
    clock.later(20, resolve);
    // What is planned keeps no process alive, and here nothing else does.
    setTimeout(() => {}, clusterTimes.keeperLease).unref();
  });
  expect(called).toEqual([]);
  expect(Math.abs(clock.boot() - clock.now() - apart)).toBeLessThan(clusterTimes.margin);
});
