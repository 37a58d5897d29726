import { describe, expect, it } from "vitest";
import { ExchangeStop } from "./stop-signal.ts";

describe("a stop", () => {
  it("calls each listener once, in order, with the reason at hand", () => {
    const stop = new ExchangeStop();
    const heard: string[] = [];
    stop.signal.addEventListener("abort", () => heard.push(`first: ${stop.signal.reason}`));
    stop.signal.addEventListener("abort", () => heard.push("second"));
    stop.abort("gone");
    stop.abort("again");
    expect(heard).toEqual(["first: gone", "second"]);
    expect(stop.signal.reason).toBe("gone");
  });

  it("does not call a listener that was taken away, even by another one", () => {
    const stop = new ExchangeStop();
    const heard: string[] = [];
    const late = (): void => void heard.push("late");
    const before = (): void => void heard.push("before");
    stop.signal.addEventListener("abort", before);
    stop.signal.removeEventListener("abort", before);
    stop.signal.addEventListener("abort", () => stop.signal.removeEventListener("abort", late));
    stop.signal.addEventListener("abort", late);
    stop.abort("gone");
    expect(heard).toEqual([]);
  });

  it("does not call a listener that comes too late, as an AbortSignal does not", () => {
    const heard: string[] = [];
    for (const { abort, signal } of [new ExchangeStop(), new AbortController()].map((stop) => ({
      abort: (reason: string) => stop.abort(reason),
      signal: stop.signal,
    }))) {
      abort("gone");
      signal.addEventListener("abort", () => void heard.push("late"));
      expect(() => signal.throwIfAborted()).toThrow("gone");
    }
    expect(heard).toEqual([]);
  });

  it("throws nothing before it is aborted", () => {
    expect(() => new ExchangeStop().signal.throwIfAborted()).not.toThrow();
  });
});
