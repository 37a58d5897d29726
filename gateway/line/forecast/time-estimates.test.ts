import { expect, test } from "vitest";
import { TimeEstimates } from "./time-estimates.ts";

const request = { id: "x", user: "alice", model: "m" };

test("nothing is known before the first generation has ended", () => {
  const estimates = new TimeEstimates();
  expect(estimates.known).toBe(false);
  expect(estimates.expectMs(request)).toBe(null);
  expect(estimates.chargeMs(request)).toBe(1000);
});

test("a model is estimated by its own generations, an unknown model by all", () => {
  const estimates = new TimeEstimates();
  estimates.observe(request, 2000);
  estimates.observe({ ...request, model: "slow" }, 8000);
  expect(estimates.expectMs(request)).toBe(2000);
  expect(estimates.expectMs({ ...request, model: "slow" })).toBe(8000);
  expect(estimates.expectMs({ ...request, model: "new" })).toBe(5000);
});

test("one request that hung for an hour does not spoil the estimate", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 49; index++) estimates.observe(request, 2000);
  estimates.observe(request, 3_600_000);
  expect(estimates.expectMs(request)).toBe(2000);
});

test("no start is charged more than an hour, whatever max_tokens claims", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 20; index++) {
    estimates.observe({ ...request, maxTokens: 5 }, 1000, { inputTokens: 10, outputTokens: 5 });
  }
  expect(estimates.chargeMs({ ...request, inputTokens: 10, maxTokens: 5 })).toBeLessThan(2000);
  expect(estimates.chargeMs({ ...request, inputTokens: 10, maxTokens: 1e9 })).toBe(3_600_000);
});

test("recent requests count, old ones are forgotten", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 100; index++) estimates.observe(request, 2000);
  for (let index = 0; index < 105; index++) estimates.observe(request, 500);
  expect(estimates.expectMs(request)).toBe(500);
});

test("prompt and answer are estimated by their sizes", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 5; index++) {
    const work = { inputTokens: 100, outputTokens: 200, promptMs: 100, outputMs: 4000 };
    estimates.observe(request, 4100, work);
  }
  expect(estimates.expectMs({ ...request, inputTokens: 1000 })).toBe(1000 + 4000);
  expect(estimates.expectMs({ ...request, inputTokens: 1000, maxTokens: 50 })).toBe(1000 + 1000);
  expect(estimates.expectMs({ ...request, maxTokens: 50 })).toBe(100 + 1000);
});

test("the time left of a running request is learnt from those that lasted longer", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 10; index++) {
    estimates.observe(request, 1000);
    estimates.observe(request, 9000);
  }
  expect(estimates.left(request, 0)(0.25)).toBe(1000);
  expect(estimates.left(request, 0)(0.75)).toBe(9000);
  expect(estimates.left(request, 2000)(0.5)).toBe(7000);
  expect(estimates.left(request, 20_000)(0.5)).toBe(2000);
});

test("made-up model names do not fill the memory", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 500; index++) {
    estimates.observe({ ...request, model: `made-up-${index}` }, 1000 + index);
  }
  expect(estimates.expectMs({ ...request, model: "made-up-499" })).toBe(1499);
  expect(estimates.expectMs({ ...request, model: "made-up-0" })).not.toBe(1000);
});

test("a user is estimated by their own generations, once there are enough", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 9; index++) estimates.observe({ ...request, user: "bob" }, 8000);
  estimates.observe(request, 1000);
  expect(estimates.expectMs({ ...request, user: "bob" })).toBeLessThan(8000);
  estimates.observe({ ...request, user: "bob" }, 8000);
  expect(estimates.expectMs({ ...request, user: "bob" })).toBe(8000);
  expect(estimates.expectMs({ ...request, user: "carol" })).toBeLessThan(8000);
});

test("if most answers reach max_tokens, that is their length", () => {
  const estimates = new TimeEstimates();
  for (const maxTokens of [100, 200, 300]) {
    const work = { outputTokens: maxTokens, promptMs: 100, outputMs: maxTokens * 10 };
    estimates.observe({ ...request, inputTokens: 50, maxTokens }, 100 + maxTokens * 10, work);
  }
  const longer = { ...request, inputTokens: 50, maxTokens: 900 };
  expect(estimates.expectMs(longer)).toBe(100 + 9000);
  expect(estimates.left(longer, 1100)(0.1)).toBe(8000);
  expect(estimates.left(longer, 20_000)(0.5)).toBe(2000);
});

test("a mostly cached prompt does not count as slow", () => {
  const estimates = new TimeEstimates();
  const told = { ...request, inputTokens: 1000 };
  const work = { inputTokens: 10, outputTokens: 100, promptMs: 40, outputMs: 1000 };
  for (let index = 0; index < 5; index++) estimates.observe(told, 1040, work);
  expect(estimates.expectMs(told)).toBe(1040);
});

test("the time left of an answer never goes beyond its bound", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 10; index++) {
    const work = { outputTokens: index < 5 ? 100 : 500, promptMs: 100, outputMs: 1000 };
    estimates.observe({ ...request, inputTokens: 50 }, 1100, work);
  }
  const left = estimates.left({ ...request, inputTokens: 50, maxTokens: 200 }, 0);
  expect(left(0.9) / left(0.1)).toBeCloseTo(2, 0);
});

test("an upstream without times is estimated by its tokens", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 5; index++) {
    estimates.observe({ ...request, inputTokens: 100 }, 4000, { outputTokens: 400 });
  }
  expect(estimates.expectMs({ ...request, inputTokens: 100 })).toBe(4000);
  expect(estimates.expectMs({ ...request, inputTokens: 100, maxTokens: 100 })).toBe(1000);
});

test("the first requests to end are the short ones, so early promises teach nothing", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 19; index++) estimates.observe(request, 1000);
  expect(estimates.settled).toBe(false);
  estimates.observe(request, 1000);
  expect(estimates.settled).toBe(true);
});

test("an answer without a bound is not estimated by answers that are cut after a few tokens", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 40; index++) {
    const bound = index % 4 === 0 ? {} : { maxTokens: 10 };
    const outputTokens = index % 4 === 0 ? 1000 : 10;
    const work = { outputTokens, promptMs: 100, outputMs: outputTokens * 10 };
    estimates.observe({ ...request, inputTokens: 50, ...bound }, 100 + outputTokens * 10, work);
  }
  expect(estimates.expectMs({ ...request, inputTokens: 50 })).toBeCloseTo(100 + 10_000, 0);
  expect(estimates.expectMs({ ...request, inputTokens: 50, maxTokens: 10 })).toBeCloseTo(200, 0);
});

test("all users of a model share its pace, and each has lengths of their own", () => {
  const estimates = new TimeEstimates();
  const of = (user: string, outputTokens: number, msPerToken: number): void => {
    const work = { outputTokens, promptMs: 0, outputMs: outputTokens * msPerToken };
    estimates.observe({ ...request, user, inputTokens: 50 }, outputTokens * msPerToken, work);
  };
  for (let index = 0; index < 10; index++) of("bob", 1000, 10);
  // Since then the machine has become slower, and bob has sent nothing.
  for (let index = 0; index < 100; index++) of("alice", 100, 20);
  expect(estimates.expectMs({ ...request, user: "bob", inputTokens: 50 })).toBeCloseTo(20_000, 0);
});

test("with several slots no time is told before a few requests have ended", () => {
  const estimates = new TimeEstimates();
  expect(estimates.tells(1)).toBe(false);
  estimates.observe(request, 1000);
  expect([1, 4].map((slots) => estimates.tells(slots))).toEqual([true, false]);
  estimates.observe(request, 1000);
  estimates.observe(request, 1000);
  expect([0, 1, 4].map((slots) => estimates.tells(slots))).toEqual([false, true, true]);
});

test("running requests count too while few have ended, or a burst at the start is promised far too little", () => {
  const estimates = new TimeEstimates();
  for (let index = 0; index < 3; index++) estimates.observe(request, 1000);
  // Three more slots have been held for the same time.
  expect(estimates.longerBy(3000)).toBe(2);
  for (let index = 0; index < 17; index++) estimates.observe(request, 1000);
  expect(estimates.longerBy(3000)).toBe(1);
});
