import fc from "fast-check";
import { expect, it } from "vitest";
import { SlidingWindow } from "./sliding-window.ts";

it("never forgets too soon, and at most 1/720 of the window too late", () => {
  const step = fc.record({ after: fc.nat(5_000), amount: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const windowMs = 72_000;
      const window = new SlidingWindow(windowMs);
      const seen: { at: number; amount: number }[] = [];
      let now = 0;
      for (const { after, amount } of steps) {
        now += after;
        window.add(amount, now);
        seen.push({ at: now, amount });
        const since = (from: number) =>
          seen.filter(({ at }) => at > from).reduce((sum, one) => sum + one.amount, 0);
        const used = window.used(now);
        expect(used).toBeGreaterThanOrEqual(since(now - windowMs));
        expect(used).toBeLessThanOrEqual(since(now - windowMs - windowMs / 720));
        const wait = window.waitUntil(used - 1, now) ?? -1;
        if (wait > 0) {
          const copy = Object.assign(new SlidingWindow(windowMs), {});
          for (const one of seen) copy.add(one.amount, one.at);
          expect(copy.used(now + wait - 1)).toBe(used);
          expect(copy.used(now + wait)).toBeLessThan(used);
        }
      }
    }),
    { numRuns: 50 },
  );
});

it("a million charges are bounded in memory", () => {
  const window = new SlidingWindow(60_000);
  for (let at = 0; at < 1_000_000; at++) window.add(1, at);
  expect(window.used(1_000_000)).toBeLessThanOrEqual(60_100);
  expect(window.waitUntil(0, 1_000_000)).toBe(59_999);
});
