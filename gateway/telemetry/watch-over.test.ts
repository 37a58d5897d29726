import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { watchOver } from "./watch-over.ts";

const hour = 3_600_000;
let told: unknown[] = [];
let [oldestMs, backgroundMs] = [0, 0];
let free = 50;
let lastBackup: number | null = null;
let end = (): void => {};
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 * hour });
  [told, oldestMs, backgroundMs, free, lastBackup] = [[], 0, 0, 50, null];
});
afterEach(() => {
  end();
  vi.useRealTimers();
});

/** With a long `longMs` the queue is looked at seldom, and days pass in moments. */
function watch({ hasBackups = false, longMs = 400 } = {}): void {
  const watched = {
    line: () => ({ waiting: 3, active: 1, capacity: 1 }),
    oldestWaits: () => ({ background: backgroundMs, normal: oldestMs, raised: 0 }),
    disk: async () => ({ free, size: 100 }),
    lastBackup: async () => lastBackup,
  };
  const tell =
    (what: string) =>
    (...said: unknown[]): void =>
      void told.push([what, ...said]);
  const notices = { queue: tell("queue"), disk: tell("disk"), backup: tell("backup") };
  end = watchOver(watched, { longMs, hasBackups }, notices);
}

const of = (what: string) => told.filter((one) => Array.isArray(one) && one[0] === what);

describe("the queue", () => {
  it("is told as long once, and as short when no wait is half as long", () => {
    watch();
    oldestMs = 399;
    vi.advanceTimersByTime(1_000);
    expect(of("queue")).toEqual([]);
    oldestMs = 400;
    vi.advanceTimersByTime(1_000);
    oldestMs = 250;
    vi.advanceTimersByTime(1_000);
    expect(of("queue")).toEqual([["queue", 3, 400]]);
    oldestMs = 100;
    vi.advanceTimersByTime(100);
    expect(of("queue")).toEqual([
      ["queue", 3, 400],
      ["queue", 3, null],
    ]);
  });

  it("is not long for requests in the background", () => {
    watch();
    backgroundMs = 10_000;
    vi.advanceTimersByTime(10_000);
    expect(of("queue")).toEqual([]);
  });

  it("is not looked at after the end", () => {
    watch();
    end();
    oldestMs = 1_000;
    vi.advanceTimersByTime(hour);
    expect(of("queue")).toEqual([]);
  });
});

describe("the disk", () => {
  it("is looked at from the start, and is low below a twentieth", async () => {
    watch();
    await vi.advanceTimersByTimeAsync(0);
    free = 4;
    await vi.advanceTimersByTimeAsync(hour / 6);
    expect(of("disk")).toEqual([
      ["disk", 50, 100, false],
      ["disk", 4, 100, true],
    ]);
  });
});

describe("a backup", () => {
  it("is missed a day and a half after the last one", async () => {
    lastBackup = Date.now();
    watch({ hasBackups: true, longMs: hour });
    await vi.advanceTimersByTimeAsync(36 * hour);
    expect(of("backup")).toEqual([]);
    await vi.advanceTimersByTimeAsync(hour);
    expect(of("backup").length).toBeGreaterThan(0);
  });

  it("is not missed as soon as the gateway starts again after a holiday", async () => {
    lastBackup = Date.now() - 1_000 * hour;
    watch({ hasBackups: true, longMs: hour });
    await vi.advanceTimersByTimeAsync(24 * hour);
    expect(of("backup")).toEqual([]);
  });

  it("is missed by nobody who wants none", async () => {
    watch({ longMs: hour });
    await vi.advanceTimersByTimeAsync(100 * hour);
    expect(of("backup")).toEqual([]);
  });
});
