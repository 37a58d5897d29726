import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { AnsweredStatus } from "./failure.ts";
import { createRetryBudget, retryable, retryPause } from "./retry.ts";
import { StaleConnection } from "./stale-connection.ts";

const error = (code: ConstructorParameters<typeof GatewayError>[0], options = {}): GatewayError =>
  new GatewayError(code, "", options);
const answered = (status: number) => ({ cause: new AnsweredStatus(status) });
const broken = { cause: Object.assign(new Error(), { code: "UND_ERR_SOCKET" }) };

describe("an error is worth another try", () => {
  it.each([
    ["a refused connection", error("upstream_unreachable"), "now"],
    ["502", error("upstream_error", answered(502)), "now"],
    ["503", error("upstream_error", answered(503)), "now"],
    ["a broken connection", error("upstream_error", broken), "now"],
    ["a stale connection", new StaleConnection(), "now"],
    ["429", error("upstream_rejected", { status: 429 }), { afterMs: 1_000 }],
    [
      "429 with its time",
      error("upstream_rejected", { status: 429, headers: { "retry-after": "3" } }),
      { afterMs: 3_000 },
    ],
    [
      "429 with a long time",
      error("upstream_rejected", { status: 429, headers: { "retry-after": "60" } }),
      { afterMs: 10_000 },
    ],
    ["a model that loads", error("upstream_loading"), { afterMs: 1_000 }],
    ["an overloaded server", error("overloaded"), { afterMs: 1_000 }],
    ["500", error("upstream_error", answered(500)), null],
    ["400", error("upstream_rejected", { status: 400 }), null],
    ["silence: it may be at work", error("upstream_timeout"), null],
    ["our key refused", error("upstream_auth"), null],
    ["a client that left", error("client_closed"), null],
    ["what is no answer at all", error("upstream_error", { cause: new Error("x") }), null],
    ["a fault of ours", new TypeError("x"), null],
  ])("or not: %s", (_what, cause, expected) => {
    expect(retryable(cause)).toEqual(expected);
  });
});

describe("the retry budget", () => {
  const spend = (take: () => boolean, tries: number): number =>
    Array.from({ length: tries }, take).filter(Boolean).length;

  it("is ten in a window, and a fifth of its requests", () => {
    const budget = createRetryBudget({ now: () => 5_000 });
    expect(spend(budget.take, 100)).toBe(10);
    for (let count = 0; count < 100; count++) budget.noteRequest();
    expect(spend(budget.take, 100)).toBe(20);
  });

  it("forgets what is older than a window, requests and retries alike", () => {
    let time = 0;
    const budget = createRetryBudget({ now: () => time });
    for (let count = 0; count < 1_000; count++) budget.noteRequest();
    expect(spend(budget.take, 1_000)).toBe(210);
    time = 9_999;
    expect(budget.take()).toBe(false);
    time = 10_000;
    expect(spend(budget.take, 100)).toBe(10);
    time = 1_000_000;
    expect(spend(budget.take, 100)).toBe(10);
  });
});

it("pauses grow to two seconds, and are never the same for all", () => {
  const longest = [1, 2, 3, 4, 5, 6, 60].map((tries) => retryPause(tries, () => 1));
  expect(longest).toEqual([100, 200, 400, 800, 1_600, 2_000, 2_000]);
  expect(retryPause(3, () => 0)).toBe(200);
});
