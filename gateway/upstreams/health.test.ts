import { describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { AnsweredStatus } from "./failure.ts";
import { createHealth, type Health, type HealthOptions } from "./health.ts";

/** A clock with its timers, turned by hand. */
function createClock(): {
  now: () => number;
  later: (call: () => void, ms: number) => () => void;
  /** Lets time pass, and what is due happen at its own moment. */
  pass: (ms: number) => Promise<void>;
} {
  let time = 1_000_000;
  let timers: { at: number; call: () => void }[] = [];
  return {
    now: () => time,
    later(call, ms) {
      const timer = { at: time + ms, call };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    async pass(ms) {
      const end = time + ms;
      for (;;) {
        const next = timers.toSorted((a, b) => a.at - b.at).find(({ at }) => at <= end);
        if (next === undefined) break;
        timers = timers.filter((other) => other !== next);
        time = Math.max(time, next.at);
        next.call();
        await new Promise((resolve) => setImmediate(resolve));
      }
      time = end;
    },
  };
}

const refused = new GatewayError("upstream_unreachable", "The upstream cannot be reached.");
const status = (code: number): GatewayError =>
  new GatewayError("upstream_error", `failed: a prompt`, { cause: new AnsweredStatus(code) });
const rejected = (code: number, headers: Record<string, string> = {}): GatewayError =>
  new GatewayError("upstream_rejected", "no", { status: code, headers });

type Fixture = ReturnType<typeof createClock> & {
  health: Health;
  changes: string[];
  woken: () => number;
};

function start(options: Partial<HealthOptions> = {}): Fixture {
  const clock = createClock();
  const changes: string[] = [];
  let woken = 0;
  const health = createHealth({
    ...clock,
    random: () => 0.5,
    onChange: (name, up, reason) => changes.push(`${name} ${up} ${reason}`),
    onUsable: () => woken++,
    ...options,
  });
  return { ...clock, health, changes, woken: () => woken };
}

function fail(health: Health, times: number, error: GatewayError = refused): void {
  for (let count = 0; count < times; count++) health.noteFailed("a", error);
}

describe("an upstream", () => {
  it("of which nothing is known is used", () => {
    const { health } = start();
    expect(health.usable("a")).toBe(true);
    expect(health.view("a")).toEqual({ up: null, state: "closed", reason: null });
  });

  it("is left alone after three failures in a row, and not after two", () => {
    const { changes, health } = start();
    health.noteAnswered("a");
    fail(health, 2);
    health.noteAnswered("a");
    fail(health, 2);
    expect(health.usable("a")).toBe(true);
    fail(health, 1);
    expect(health.usable("a")).toBe(false);
    expect(changes).toEqual(["a true null", "a false The upstream cannot be reached."]);
  });

  it.each([
    ["400", rejected(400)],
    ["404", rejected(404)],
    ["its refusal of our key", new GatewayError("upstream_auth", "")],
    ["500", status(500)],
    ["a client that leaves", new GatewayError("client_closed", "")],
    ["a fault of ours", new GatewayError("internal_error", "")],
    ["no GatewayError at all", new Error("x")],
  ])("is not left alone for %s", (_what, error) => {
    const { health } = start();
    for (let count = 0; count < 9; count++) health.noteFailed("a", error as GatewayError);
    expect(health.usable("a")).toBe(true);
    expect(health.view("a").up).not.toBe(false);
  });

  it.each([[502], [503], [504]])(
    "is left alone for %i, and its own words are not repeated",
    (code) => {
      const { health } = start();
      fail(health, 3, status(code));
      expect(health.usable("a")).toBe(false);
      expect(health.view("a").reason).toBe(`The upstream failed (${code}).`);
    },
  );

  it("that is busy is left alone until the time it named, and lives", async () => {
    const { health, pass, woken } = start();
    health.noteFailed("a", rejected(429, { "retry-after": "7" }));
    expect(health.usable("a")).toBe(false);
    expect(health.view("a")).toMatchObject({ up: true, state: "busy" });
    await pass(6_999);
    expect(health.usable("a")).toBe(false);
    await pass(1);
    expect(health.usable("a")).toBe(true);
    expect(woken()).toBe(1);
  });

  it("is never left alone for longer than a minute because it said so", async () => {
    const { health, pass } = start();
    health.noteFailed("a", rejected(429, { "retry-after": "3600" }));
    await pass(60_000);
    expect(health.usable("a")).toBe(true);
  });

  it("that has had enough of one user's requests is closed to others for two seconds only", async () => {
    const { health, pass } = start();
    const enough = rejected(429, { "retry-after": "60" });
    for (let count = 0; count < 9; count++) health.noteFailed("a", enough, "greedy");
    expect(health.usable("a")).toBe(false);
    await pass(2_000);
    expect(health.usable("a")).toBe(true);
    // Another is told so too: now it is about us all.
    health.noteFailed("a", enough, "other");
    await pass(59_999);
    expect(health.usable("a")).toBe(false);
    await pass(1);
    health.noteAnswered("a");
    health.noteFailed("a", enough, "third");
    await pass(2_000);
    expect(health.usable("a")).toBe(true);
  });

  it("that loads its model is busy for a moment, however often it says so", () => {
    const { health } = start();
    fail(health, 9, new GatewayError("upstream_loading", "loading"));
    expect(health.view("a")).toMatchObject({ up: true, state: "busy" });
  });
});

describe("an upstream that is dead", () => {
  it("is asked at growing intervals, at most every half minute, without any traffic", async () => {
    const asked: number[] = [];
    const clock = createClock();
    const from = clock.now();
    const { health } = start({
      ...clock,
      probe: () => {
        asked.push(Math.round((clock.now() - from) / 1000));
        return Promise.reject(refused);
      },
    });
    fail(health, 3);
    await clock.pass(125_000);
    expect(asked).toEqual([1, 3, 7, 15, 31, 61, 91, 121]);
    expect(health.usable("a")).toBe(false);
  });

  it("is used again as soon as it answers, and waiting requests learn it", async () => {
    let alive = false;
    const { changes, health, pass } = start({
      probe: () => (alive ? Promise.resolve() : Promise.reject(refused)),
    });
    fail(health, 3);
    await pass(10_000);
    expect(health.usable("a")).toBe(false);
    alive = true;
    await pass(10_000);
    expect(health.usable("a")).toBe(true);
    expect(changes.at(-1)).toBe("a true null");
  });

  it("while it generates for us is not asked: one exchange is the trial", async () => {
    const { health, pass, woken } = start({ probe: () => null });
    fail(health, 3);
    await pass(1_000);
    expect(woken()).toBe(1);
    // Thundering: all ask at one moment, and one goes.
    const went = Array.from({ length: 100 }, () => {
      if (!health.usable("a")) return 0;
      health.tried("a");
      return 1;
    });
    expect(went.reduce((sum: number, one) => sum + one, 0)).toBe(1);
    health.noteFailed("a", refused);
    expect(health.usable("a")).toBe(false);
    await pass(2_000);
    health.tried("a");
    health.noteAnswered("a");
    expect(health.usable("a")).toBe(true);
  });

  it("a trial that its client leaves, or that never ends, is followed by another", async () => {
    const { health, pass, woken } = start({ probe: () => null });
    fail(health, 3);
    await pass(1_000);
    health.tried("a");
    health.noteFailed("a", new GatewayError("client_closed", ""));
    expect(health.usable("a")).toBe(true);
    health.tried("a");
    await pass(59_999);
    expect(health.usable("a")).toBe(false);
    await pass(1);
    expect(health.usable("a")).toBe(true);
    expect(woken()).toBe(2);
  });

  it("what was sent before and fails late does not lengthen its pause", async () => {
    const { health, pass } = start({ probe: () => Promise.resolve() });
    fail(health, 20);
    await pass(1_000);
    expect(health.usable("a")).toBe(true);
  });

  it("pauses differ from gateway to gateway", async () => {
    const { health, pass } = start({ random: () => 0.999, probe: () => Promise.resolve() });
    fail(health, 3);
    await pass(1_200);
    expect(health.usable("a")).toBe(false);
    await pass(100);
    expect(health.usable("a")).toBe(true);
  });

  it("is asked no more after the stop", async () => {
    let asked = 0;
    const { changes, health, pass } = start({
      probe: () => {
        asked += 1;
        return Promise.resolve();
      },
    });
    fail(health, 3);
    health.stop();
    await pass(100_000);
    expect(asked).toBe(0);
    expect(changes).toHaveLength(1);
  });
});

describe("an upstream that flaps", () => {
  it("is left alone for longer each time, until it has been steady", async () => {
    const pauses: number[] = [];
    const { health, now, pass } = start({ probe: () => Promise.resolve() });
    const flap = async (): Promise<void> => {
      fail(health, 3);
      const from = now();
      while (!health.usable("a")) await pass(500);
      pauses.push(now() - from);
    };
    for (let count = 0; count < 4; count++) await flap();
    await pass(30_000);
    await flap();
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 1_000]);
  });
});

describe("an upstream that is slow", () => {
  it("but answers is used, whatever fails in its answers later", () => {
    const { health } = start();
    const silent = new GatewayError("upstream_timeout", "no answer in time");
    for (let count = 0; count < 9; count++) {
      fail(health, 2, silent);
      health.noteAnswered("a");
    }
    expect(health.usable("a")).toBe(true);
    fail(health, 3, silent);
    expect(health.usable("a")).toBe(false);
    // One of those that were under way answers after all.
    health.noteAnswered("a");
    expect(health.usable("a")).toBe(true);
  });
});
