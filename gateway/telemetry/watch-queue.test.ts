import { expect, it, vi } from "vitest";
import { watchQueue } from "./watch-queue.ts";

it("a long wait is told once, and its end when no wait is half as long", () => {
  vi.useFakeTimers({ now: 1_000_000 });
  try {
    let since: number | null = null;
    const told: unknown[] = [];
    const list = () => (since === null ? [] : [{ state: "waiting", since }]);
    const end = watchQueue(list, 400, { queue: (...what) => void told.push(what) });
    vi.advanceTimersByTime(1_000);
    since = Date.now();
    vi.advanceTimersByTime(300);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(500);
    expect(told).toEqual([[1, 400]]);
    since = Date.now() - 250;
    vi.advanceTimersByTime(100);
    expect(told).toHaveLength(1);
    since = null;
    vi.advanceTimersByTime(100);
    expect(told).toEqual([
      [1, 400],
      [0, null],
    ]);
    end();
    since = 0;
    vi.advanceTimersByTime(10_000);
    expect(told).toHaveLength(2);
  } finally {
    vi.useRealTimers();
  }
});

it("a request that runs does not wait", () => {
  vi.useFakeTimers({ now: 1_000_000 });
  try {
    const told: unknown[] = [];
    const end = watchQueue(() => [{ state: "running", since: 0 }], 400, {
      queue: (...what) => void told.push(what),
    });
    vi.advanceTimersByTime(10_000);
    expect(told).toEqual([]);
    end();
  } finally {
    vi.useRealTimers();
  }
});
