import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { AnsweredStatus } from "./failure.ts";
import { createRetryBudget, isRetryable } from "./retry.ts";

const error = (code: ConstructorParameters<typeof GatewayError>[0], options = {}): GatewayError =>
  new GatewayError(code, "", options);
const answered = (status: number) => ({ cause: new AnsweredStatus(status) });
const broken = { cause: Object.assign(new Error(), { code: "UND_ERR_SOCKET" }) };

describe("an error is worth another try", () => {
  it.each([
    ["a refused connection", error("upstream_unreachable"), true],
    ["502", error("upstream_error", answered(502)), true],
    ["503", error("upstream_error", answered(503)), true],
    ["a broken connection", error("upstream_error", broken), true],
    ["429", error("upstream_rejected", { status: 429 }), true],
    [
      "429 with its time",
      error("upstream_rejected", { status: 429, headers: { "retry-after": "3" } }),
      true,
    ],
    [
      "429 with a long time",
      error("upstream_rejected", { status: 429, headers: { "retry-after": "60" } }),
      true,
    ],
    ["a model that loads", error("upstream_loading"), true],
    ["an overloaded server", error("overloaded"), true],
    ["500", error("upstream_error", answered(500)), false],
    ["400", error("upstream_rejected", { status: 400 }), false],
    ["silence: it may be at work", error("upstream_timeout"), false],
    ["our key refused", error("upstream_auth"), false],
    ["a client that left", error("client_closed"), false],
    ["what is no answer at all", error("upstream_error", { cause: new Error("x") }), false],
    ["a fault of ours", new TypeError("x"), false],
  ])("or not: %s", (_what, cause, expected) => {
    expect(isRetryable(cause)).toBe(expected);
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
