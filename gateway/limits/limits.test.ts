import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { writtenOf } from "../kinds/written.ts";
import { type Estimate, estimateOf } from "./estimate.ts";
import type { Limited } from "./limit.ts";
import { type LimitFields, readLimitFields } from "./limit-fields.ts";
import { createLimits, type Limits, type LimitsOptions } from "./limits.ts";
import type { Past } from "./user-windows.ts";

const hour = 3_600_000;
const start = Date.UTC(2026, 10, 21, 12);
type Layer = Record<string, unknown>;

/** A layer that must be right. */
function layer(value: Layer): LimitFields {
  return readLimitFields(writtenOf(value, "here"), "limits:", (at, says) => {
    throw new Error(`${at}: ${says}`);
  });
}

/** Limits over a clock that a test moves. */
function setUp(forAll: Layer, more: Partial<LimitsOptions> = {}) {
  const troubles: string[] = [];
  const limits = createLimits({
    forAll: [layer(forAll)],
    roles: {},
    windowMs: hour,
    history: () => [],
    historyOfKey: () => [],
    onTrouble: (message) => troubles.push(message),
    ...more,
  });
  let now = start;
  const own = new Map<string, Layer>();
  const who = (user: string, role = "user") => ({ user, role, limits: own.get(user) ?? null });
  const ask = (estimate: Partial<Estimate> = {}, user = "alice", role = "user") =>
    limits.reserve(
      who(user, role),
      { dialect: "chat", estimate: { input: 10, output: 90, ...estimate } },
      now,
    );
  return {
    limits,
    troubles,
    own,
    who,
    ask,
    at: (ms: number) => {
      now = start + ms;
    },
    /** Asks, and has used so much at once. */
    use(tokens: number, upstreamMs = 0, user = "alice") {
      const reservation = ask({ input: 0, output: tokens }, user);
      reservation.settle({ input: 0, output: tokens, upstreamMs }, now);
      return reservation;
    },
    refusal(estimate: Partial<Estimate> = {}, user = "alice"): GatewayError {
      try {
        ask(estimate, user);
      } catch (error) {
        if (error instanceof GatewayError) return error;
      }
      throw new Error("not refused");
    },
    state: async (user = "alice") => (await limits.states(who(user), now))[0],
  };
}

describe("a window", () => {
  it("is full until the very millisecond in which its first request leaves it", () => {
    const one = setUp({ requests: 2 });
    one.ask();
    one.at(1_000);
    one.ask();
    one.at(hour - 1);
    expect(one.refusal().headers["retry-after"]).toBe("1");
    one.at(hour);
    one.ask();
    // The second of two is still inside.
    expect(() => one.ask()).toThrow(GatewayError);
    one.at(hour + 999);
    expect(() => one.ask()).toThrow(GatewayError);
    one.at(hour + 1_000);
    one.ask();
  });

  it("takes exactly its limit", () => {
    const one = setUp({ tokens: 1000 });
    one.use(900);
    expect(one.refusal({ input: 11, output: 90 }).status).toBe(429);
    one.ask({ input: 10, output: 90 });
    expect(() => one.ask({ input: 1, output: 0 })).toThrow(GatewayError);
  });

  it("counts tokens from when they were used, not from when they were asked for", () => {
    const one = setUp({ tokens: 1000 });
    const long = one.ask({ input: 500, output: 500 });
    one.at(2 * hour);
    expect(() => one.ask()).toThrow(GatewayError);
    long.settle({ input: 500, output: 500, upstreamMs: 1 }, start + 2 * hour);
    one.at(3 * hour - 1);
    expect(() => one.ask()).toThrow(GatewayError);
    one.at(3 * hour);
    one.ask();
  });

  it("of a day and of a month slide too", () => {
    const one = setUp({ tokens_per_day: 100, tokens_per_month: 150 });
    one.use(100);
    one.at(24 * hour - 1);
    expect(() => one.ask({ input: 1, output: 1 })).toThrow(GatewayError);
    one.at(24 * hour);
    one.use(50);
    one.at(30 * 24 * hour - 1);
    expect(() => one.ask({ input: 1, output: 1 })).toThrow(GatewayError);
    one.at(30 * 24 * hour);
    one.ask({ input: 1, output: 1 });
  });

  it("of upstream seconds closes when they are used up", () => {
    const one = setUp({ upstream_seconds: { max: 1800, window: "6h" } });
    one.use(1, 1_799_999);
    one.use(1, 60_000);
    expect(one.refusal().message).toContain("1800 upstream seconds in 6 hours");
  });

  it("of cost counts the cost that settle is given", () => {
    const one = setUp({ cost: 1 });
    one.ask({ cost: 0.6 }).settle({ input: 1, output: 1, upstreamMs: 1, cost: 0.5 }, start);
    expect(() => one.ask({ cost: 0.6 })).toThrow(GatewayError);
    one.ask({ cost: 0.5 });
  });

  it("of cost is in dollars, for a window of one's own, a day and a month, and shown so", async () => {
    const one = setUp({ cost: { max: 0.0005, window: "6h" }, cost_per_month: 20, cost_per_day: 2 });
    const first = one.ask({ cost: 0.0001 });
    const second = one.ask({ cost: 0.0002 });
    expect(first.headers["x-ratelimit-remaining-cost"]).toBe("0.0004");
    for (const each of [first, second])
      each.settle({ input: 1, output: 1, upstreamMs: 1, cost: 0.00015 }, start);
    expect(await one.limits.states(one.who("alice"), start)).toMatchObject([
      { metric: "cost", limit: 0.0005, used: 0.0003, reserved: 0, remaining: 0.0002 },
      { metric: "cost", window_seconds: 2_592_000, limit: 20, used: 0.0003 },
      { metric: "cost", window_seconds: 86_400, limit: 2, remaining: 1.9997 },
    ]);
    expect(one.refusal({ cost: 0.001 }).message).toContain(
      "The limit is 0.0005 US dollars in 6 hours: 0.0003 are used.",
    );
  });

  it.each([
    ["tokens", { tokens: 10 }, hour],
    ["tokens of a window of its own", { tokens: { max: 10, window: "90s" } }, 90_000],
    ["tokens of a day", { tokens_per_day: 10 }, 24 * hour],
    ["tokens of a month", { tokens_per_month: 10 }, 30 * 24 * hour],
    ["upstream seconds", { upstream_seconds: { max: 10, window: "6h" } }, 6 * hour],
    ["cost", { cost: 10 }, hour],
    ["cost of a day", { cost_per_day: 10 }, 24 * hour],
    ["cost of a month", { cost_per_month: 10 }, 30 * 24 * hour],
  ])("of %s is full to the very millisecond", async (_what, fields, windowMs) => {
    const one = setUp(fields);
    const all = { input: 0, output: 10, cost: 10 };
    one.ask(all).settle({ ...all, upstreamMs: 10_000 }, start + 5);
    one.at(5);
    expect(await one.state()).toMatchObject({ used: 10, remaining: 0 });
    one.at(5 + windowMs - 1);
    expect(one.refusal(all).status).toBe(429);
    one.at(5 + windowMs);
    expect(await one.state()).toMatchObject({ used: 0, remaining: 10 });
    one.ask(all);
  });

  it("of nothing is shut for good, and says so", () => {
    const { headers, message } = setUp({ requests: 0 }).refusal();
    expect(headers).toMatchObject({ "x-should-retry": "false" });
    expect(headers).not.toHaveProperty("retry-after");
    expect(message).toContain("admits no request");
  });
});

describe("in parallel", () => {
  it("fifty at once cannot overrun a window, and what they did not use is free again", async () => {
    const one = setUp({ tokens: 1000 });
    const accepted = Array.from({ length: 50 }, () => {
      try {
        return one.ask({ input: 10, output: 90 });
      } catch {
        return null;
      }
    }).filter((reservation) => reservation !== null);
    expect(accepted).toHaveLength(10);
    for (const each of accepted) each.settle({ input: 5, output: 15, upstreamMs: 1 }, start);
    expect(await one.state()).toMatchObject({ used: 200, reserved: 0, remaining: 800 });
  });

  it("requests that name no maximum hold what is typical", () => {
    const one = setUp({ tokens: 1000 });
    let accepted = 0;
    for (let tries = 0; tries < 50; tries++) {
      try {
        one.ask({ input: 10, output: null });
        accepted++;
      } catch {}
    }
    expect(accepted).toBe(4);
  });

  it("who may take more than the whole limit gets it when nothing else is taken", () => {
    const one = setUp({ tokens: 1000 });
    const big = one.ask({ input: 10, output: 32_000 });
    expect(() => one.ask({ input: 10, output: 32_000 })).toThrow(GatewayError);
    expect(() => one.ask({ input: 1, output: 1 })).toThrow(GatewayError);
    big.settle({ input: 10, output: 20, upstreamMs: 1 }, start);
    one.ask({ input: 1, output: 1 });
    expect(() => one.ask({ input: 10, output: 32_000 })).toThrow(GatewayError);
  });

  it("what ends twice counts once", async () => {
    const one = setUp({ requests: 3, tokens: 1000 });
    const first = one.ask();
    first.settle({ input: 1, output: 2, upstreamMs: 3 }, start);
    first.settle({ input: 100, output: 200, upstreamMs: 3 }, start);
    expect(await one.limits.states(one.who("alice"), start)).toMatchObject([
      { metric: "requests", used: 1 },
      { metric: "tokens", used: 3, reserved: 0 },
    ]);
  });

  it("a stream cut before its usage is charged for its prompt too", async () => {
    const one = setUp({ tokens: 1000 });
    one.ask({ input: 40, output: 90 }).settle({ input: null, output: 7, upstreamMs: 3 }, start);
    expect(await one.state()).toMatchObject({ used: 47 });
  });

  it("an answer without usage is charged by what passed, and the estimate of its prompt", async () => {
    const one = setUp({ tokens: 1000 });
    const untold = { input: null, output: null, upstreamMs: 3 };
    one.ask({ input: 40, output: 90 }).settle({ ...untold, passed: 50, ran: true }, start);
    expect(await one.state()).toMatchObject({ used: 90 });
  });

  it("a client that leaves while its prompt is read is charged for the prompt", async () => {
    const one = setUp({ tokens: 1000 });
    const untold = { input: null, output: null, upstreamMs: 3 };
    one.ask({ input: 40, output: 90 }).settle({ ...untold, ran: true }, start);
    one.ask({ input: 40, output: 90 }).settle({ ...untold, ran: false }, start);
    expect(await one.state()).toMatchObject({ used: 40 });
  });
});

describe("the size of a prompt", () => {
  const text = { prompt: { model: "m", chars: 4_000 } };
  const reserve = (limits: Limits, who: Limited, estimate: Estimate) =>
    limits.reserve(who, { dialect: "chat", estimate, ...text }, start);

  it("is what a tokenizer counted, before what earlier prompts were like, before a guess", async () => {
    const { limits, who } = setUp({ tokens: 1_000_000 });
    const reserved = async () => (await limits.states(who("alice"), start))[0]?.reserved;
    const guess = estimateOf({ inputChars: 4_000, maxTokens: 0, choices: 1, generates: true });
    const first = reserve(limits, who("alice"), guess);
    expect(await reserved()).toBe(1_334);
    first.settle({ input: 1_000, output: 0, upstreamMs: 1 }, start);
    for (let seen = 0; seen < 2; seen++) {
      const more = reserve(limits, who("alice"), guess);
      more.settle({ input: 1_000, output: 0, upstreamMs: 1 }, start);
    }
    const learnt = reserve(limits, who("alice"), guess);
    expect(await reserved()).toBe(1_100);
    learnt.settle({ input: null, output: null, upstreamMs: null }, start);
    const ask = { inputChars: 4_000, maxTokens: 50, choices: 2, generates: true, counted: 3_210 };
    reserve(limits, who("alice"), estimateOf(ask));
    expect(await reserved()).toBe(3_210 + 100);
  });

  it("matters only to a user with a limit of tokens or cost", () => {
    const one = setUp({ requests: 5, upstream_seconds: 60 });
    for (const [user, limits] of [
      ["tokens", { tokens: 5 }],
      ["month", { tokens_per_month: 5 }],
      ["cost", { cost_per_day: 1 }],
      ["off", { tokens: null }],
    ] as const) {
      one.own.set(user, limits);
    }
    const counts = (user: string) => one.limits.countsTokens(one.who(user));
    expect(["alice", "tokens", "month", "cost", "off"].map(counts)).toEqual([
      ...[false, true, true, true, false],
    ]);
    expect(setUp({}).limits.countsTokens(one.who("alice"))).toBe(false);
  });
});

describe("the limits of a user", () => {
  it("defaults give way to a role's, and these to the user's own, field by field", async () => {
    const one = setUp(
      { requests: 1, tokens: 1000 },
      { roles: { admin: layer({ requests: null, tokens: 5000 }) } },
    );
    one.own.set("boss", { tokens: 7000 });
    const show = async (user: string, role: string) =>
      (await one.limits.states(one.who(user, role), start)).map(({ metric, limit }) => [
        metric,
        limit,
      ]);
    expect(await show("alice", "user")).toEqual([
      ["requests", 1],
      ["tokens", 1000],
    ]);
    expect(await show("alice", "admin")).toEqual([["tokens", 5000]]);
    expect(await show("boss", "admin")).toEqual([["tokens", 7000]]);
    expect(await show("boss", "user")).toEqual([
      ["requests", 1],
      ["tokens", 7000],
    ]);
  });

  it("one user's use is not another's, and two entries of one user are one", () => {
    const one = setUp({ requests: 1 });
    one.ask({}, "alice");
    one.ask({}, "bob");
    one.own.set("alice", { mode: "refuse" });
    expect(() => one.ask({}, "alice")).toThrow(GatewayError);
  });

  it("a wrong field of a user is told, never repeated, and the rest counts", async () => {
    const one = setUp({ requests: 5 });
    one.own.set("alice", { requests: "sk-secret", tokens: 10, nonsense: 1, window: "1 hour" });
    one.ask({ input: 1, output: 1 });
    expect(await one.limits.states(one.who("alice"), start)).toMatchObject([
      { metric: "requests", limit: 5 },
      { metric: "tokens", limit: 10 },
    ]);
    expect(one.troubles).toHaveLength(3);
    expect(one.troubles.join()).not.toContain("sk-secret");
    expect(one.troubles[0]).toContain(
      "limits of alice: has no member nonsense; there are requests",
    );
  });

  it("a limit that is named like a key is told without its name", () => {
    const one = setUp({});
    one.own.set("alice", { "sk-secret": 1 });
    one.ask({});
    expect(one.troubles).toHaveLength(1);
    expect(one.troubles[0]).toMatch(
      /^limits of alice: has no member sk-\*\*\*; there are requests, /,
    );
  });

  it("a wrong layer is told with its place, name and fix", () => {
    expect(() => setUp({ tokens: -1 })).toThrow(
      "here: limits: tokens must be a number from 0 to 1e15, or off; for example tokens: 1000",
    );
    expect(() => setUp({ requsts: 1 })).toThrow("has no member requsts (did you mean requests?)");
    expect(() => setUp({ tokens: { max: 1, window: "500ms" } })).toThrow(
      "tokens: window must be a time with ms, s, m, h or d, at least 1s and at most 31d",
    );
    expect(() => setUp({ tokens_per_day: { max: 1, window: "6h" } })).toThrow("no member window");
    expect(() => setUp({ tokens: { window: "6h" } })).toThrow("needs a max");
  });

  it("without limits there are no headers and nothing is counted", () => {
    expect(setUp({}).ask()).toMatchObject({ headers: {}, background: false });
  });
});

describe("a mode that slows", () => {
  it("accepts a user over it, in the background, and keeps counting", () => {
    const one = setUp({ requests: 1, mode: "slow" });
    expect(one.ask().background).toBe(false);
    const slowed = one.ask();
    expect(slowed.background).toBe(true);
    expect(slowed.headers["x-ratelimit-remaining-requests"]).toBe("0");
    one.at(hour);
    expect(one.ask().background).toBe(false);
  });

  it("beside one that refuses gives way to it", () => {
    const one = setUp({ requests: { max: 1, mode: "slow" }, tokens: { max: 100, window: "1m" } });
    one.use(50);
    expect(one.ask({ input: 1, output: 1 }).background).toBe(true);
    expect(one.refusal({ input: 1, output: 99 }).code).toBe("rate_limit_exceeded");
  });
});

describe("a restart", () => {
  const past: Past[] = [
    { at: start - 2 * hour, requests: 1, tokens: 999 },
    { at: start - hour + 5_000, requests: 1, tokens: 600, upstream: 20 },
    { at: start + 9 * hour, requests: 1, tokens: 300, upstream: 20 },
  ];

  it("gives no fresh allowance", () => {
    const asked: [string, number][] = [];
    const history = (user: string, since: number) => {
      asked.push([user, since]);
      return past;
    };
    const one = setUp({ tokens: 1000 }, { history });
    expect(one.refusal({ input: 1, output: 100 }).headers["retry-after"]).toBe("5");
    one.at(5_000);
    one.ask({ input: 1, output: 100 });
    expect(asked).toEqual([["alice", start - hour]]);
  });

  it("of another machine is awaited once, for the longest of the windows that lack it", async () => {
    const asked: [string, number][] = [];
    const history = async (user: string, since: number) => {
      asked.push([user, start - since]);
      return [{ at: start - 10, requests: 1, tokens: 40 }];
    };
    const one = setUp({ tokens: 50, tokens_per_day: 100 }, { history });
    const { limits, who } = one;
    await Promise.all([limits.recall(who("alice"), start), limits.recall(who("alice"), start)]);
    expect(one.refusal({ input: 10, output: 10 }).code).toBe("rate_limit_exceeded");
    expect(limits.recall(who("alice"), start)).toBeNull();
    expect(await one.state()).toMatchObject({ used: 40, remaining: 10 });
    expect(asked).toEqual([
      ["alice", 24 * hour],
      ["alice", 24 * hour],
    ]);
    one.own.set("alice", { tokens_per_month: 45 });
    await limits.recall(who("alice"), start);
    expect(asked.slice(2)).toEqual([["alice", 30 * 24 * hour]]);
    expect(one.refusal({ input: 5, output: 5 }).message).toContain("40 are used");
  });

  it("that cannot be read at first counts as soon as it can, each use once", async () => {
    let past: Past[] | null = null;
    const one = setUp({ tokens: 100 }, { history: async () => past, startedAt: start - 5 });
    const { limits, who } = one;
    await limits.recall(who("alice"), start);
    one.use(30);
    expect(await one.state()).toMatchObject({ used: 30 });
    past = [
      { at: start - 2 * hour, tokens: 500 },
      { at: start - 60_000, tokens: 50 },
      // What the gateway has counted itself: it began a moment before it was counted.
      { at: start - 3, tokens: 30 },
    ];
    one.at(1_000);
    await limits.recall(who("alice"), start + 1_000);
    one.at(10_000);
    // Nobody waits for it.
    expect(limits.recall(who("alice"), start + 10_000)).toBeNull();
    await Promise.resolve();
    expect(await one.state()).toMatchObject({ used: 80, remaining: 20 });
    one.at(hour - 59_999);
    expect(await one.state()).toMatchObject({ used: 30 });
    one.at(hour);
    expect(await one.state()).toMatchObject({ used: 0 });
  });

  it("nor one of dollars", () => {
    const spent = [{ at: start - 5_000, cost: 1.75 }];
    const one = setUp({ cost_per_day: 2 }, { history: () => spent });
    expect(one.refusal({ cost: 0.5 }).message).toContain("1.75 are used");
    one.ask({ cost: 0.25 });
  });

  it("nor does a window that an edit of the file makes new", () => {
    const one = setUp({ tokens: 1000 }, { history: () => past });
    one.own.set("alice", { tokens_per_day: 1500 });
    // 999 + 600 of the day and, from a clock that was set back since, 300 of the future.
    expect(one.refusal({ input: 1, output: 1 }).message).toContain("1899 are used");
  });
});

describe("a limit that is edited while a request is under way", () => {
  it("counts what that request holds, and not less than nothing when it ends", async () => {
    const one = setUp({ tokens: 1000 });
    const running = one.ask({ input: 100, output: 700 });
    one.own.set("alice", { tokens: { max: 1000, window: "2h" } });
    expect(() => one.ask({ input: 1, output: 200 })).toThrow(GatewayError);
    running.settle({ input: 100, output: 100, upstreamMs: 1 }, start);
    expect(await one.state()).toMatchObject({ used: 200, reserved: 0, remaining: 800 });
  });
});

describe("costs that come and go", () => {
  it("leave nothing reserved", async () => {
    const one = setUp({ cost: 100 });
    const running = [0.1, 0.2, 0.3, 1e-6].map((cost) => one.ask({ cost }));
    for (const each of running) each.settle({ input: 1, output: 1, upstreamMs: 1 }, start);
    expect(await one.state()).toMatchObject({ used: 0, reserved: 0, resets_in_seconds: 0 });
  });
});

describe("a clock that goes back", () => {
  it("neither frees what was used nor holds it longer", () => {
    const one = setUp({ requests: 1 });
    one.ask();
    one.at(-5 * hour);
    expect(() => one.ask()).toThrow(GatewayError);
    one.at(-4 * hour - 1);
    expect(() => one.ask()).toThrow(GatewayError);
    one.at(-4 * hour);
    one.ask();
  });
});

describe("a clock that is set while a request is under way", () => {
  it.each([
    ["back", -9 * hour],
    ["ahead, less than the window", hour / 2],
  ])("%s counts it once, for one window and no longer", async (_where, jump) => {
    const one = setUp({ tokens: 100 });
    const running = one.ask({ input: 10, output: 50 });
    one.at(jump);
    running.settle({ input: 10, output: 50, upstreamMs: 1 }, start + jump);
    expect(await one.state()).toMatchObject({ used: 60, reserved: 0 });
    one.at(jump + hour - 1);
    expect(one.refusal({ input: 1, output: 50 }).status).toBe(429);
    one.at(jump + hour);
    one.ask({ input: 10, output: 90 });
  });

  it("back, again and again, frees nothing before its time", () => {
    const one = setUp({ requests: 1 });
    one.ask();
    for (const ms of [-hour, -hour + 1_000, -5 * hour, -5 * hour + 1_000, -30 * hour]) {
      one.at(ms);
      expect(() => one.ask()).toThrow(GatewayError);
    }
  });
});

describe("the answer", () => {
  it("to a long wait has no Retry-After, which clients would obey in silence, but tells it in words", () => {
    const one = setUp({ tokens: 100 });
    one.use(100);
    one.at(18 * 60_000);
    const { headers, message, extra } = one.refusal({ input: 1, output: 1 });
    expect(headers).toMatchObject({
      "x-should-retry": "false",
      "x-ratelimit-reset-tokens": "42m0s",
    });
    expect(headers).not.toHaveProperty("retry-after");
    expect(message).toContain("Try again in 42 minutes.");
    expect(extra).toEqual({ retry_after_seconds: 2520 });
  });

  it("to a short wait lets clients try again", () => {
    const one = setUp({ tokens: 100 });
    one.use(100);
    one.at(hour - 30_000);
    const { headers } = one.refusal({ input: 1, output: 1 });
    expect(headers["retry-after"]).toBe("30");
    expect(headers).not.toHaveProperty("x-should-retry");
  });

  it("carries OpenAI's headers and durations, of the tightest limit of each metric", () => {
    const one = setUp({ requests: 10, tokens: 1000, tokens_per_day: 950, window: "6m" });
    one.use(100);
    const { headers } = one.ask({ input: 10, output: 90 });
    expect(headers).toEqual({
      "x-ratelimit-limit-requests": "10",
      "x-ratelimit-remaining-requests": "8",
      "x-ratelimit-reset-requests": "6m0s",
      "x-ratelimit-limit-tokens": "950",
      "x-ratelimit-remaining-tokens": "750",
      "x-ratelimit-reset-tokens": "24h0m0s",
    });
  });

  it("carries Anthropic's on Messages", () => {
    const { limits, who } = setUp({ requests: 10 });
    const estimate = { input: 1, output: 1 };
    const { headers } = limits.reserve(who("alice"), { dialect: "messages", estimate }, start);
    expect(headers).toEqual({
      "anthropic-ratelimit-requests-limit": "10",
      "anthropic-ratelimit-requests-remaining": "9",
      "anthropic-ratelimit-requests-reset": "2026-11-21T13:00:00Z",
    });
  });
});
