import type { Dialect } from "../exchange.ts";
import type { Estimate } from "./estimate.ts";
import { excessOf } from "./excess.ts";
import { type Amounts, type Limit, type Limited, nothing } from "./limit.ts";
import { createLimitsOf, type LayersOptions } from "./limits-of.ts";
import { type LimitState, stateOf } from "./limits-report.ts";
import { ratelimitHeaders } from "./ratelimit-headers.ts";
import { refusalOf } from "./refusal.ts";
import { hold, type Reservation, unlimited } from "./reservation.ts";
import type { SlidingWindow } from "./sliding-window.ts";
import { createSteadyClock } from "./steady-clock.ts";
import { createTypical } from "./typical.ts";
import { type History, UserWindows } from "./user-windows.ts";

export type Limits = {
  /**
   * Room for one more generation, kept until it is settled; at once, so that no two share the last.
   * @param now epoch ms
   * @throws GatewayError rate_limit_exceeded (429), with Retry-After and x-ratelimit headers
   */
  reserve(who: Limited, ask: { dialect: Dialect; estimate: Estimate }, now: number): Reservation;
  /** How someone's limits stand. */
  states(who: Limited, now: number): LimitState[];
};

export type LimitsOptions = LayersOptions & { history: History };

/** So many users are kept in memory; who comes back later is read from the history again. */
const mostUsers = 10_000;

/** Taken for typical before anything has been seen. */
const firstOutput = 256;
const firstUpstreamMs = 1_000;

/** The least there must be room for, where nothing is known. */
const leastCost = 1e-9;

/**
 * Who may have how much: sliding windows of each user, in memory, begun from what the ledger knows.
 * Requests count from when they are accepted; all else is reserved until a generation ends, and
 * counts with its true numbers from then on.
 * @throws Error with one line where the limits of the defaults or of a role are wrong
 */
export function createLimits(options: LimitsOptions): Limits {
  const limitsOf = createLimitsOf(options);
  const steady = createSteadyClock();
  const users = new Map<string, UserWindows>();
  const output = createTypical(firstOutput);
  const upstreamMs = createTypical(firstUpstreamMs);

  function windowsFor(
    { user }: Limited,
    limits: readonly Limit[],
    now: number,
    wallNow: number,
  ): { account: UserWindows; windows: readonly SlidingWindow[] } {
    const account = accountOf(users, user);
    const windows = account.of(
      limits,
      (windowMs) => {
        // The history has the wall's time, the windows one that never goes back.
        const found = options.history(user, wallNow - windowMs);
        const ahead = now - wallNow;
        return ahead === 0 ? found : found.map((one) => ({ ...one, at: one.at + ahead }));
      },
      now,
    );
    return { account, windows };
  }

  return {
    reserve(who, { dialect, estimate }, wallNow) {
      const limits = limitsOf(who);
      if (limits.length === 0) return unlimited;
      const now = steady(wallNow);
      const { account, windows } = windowsFor(who, limits, now, wallNow);
      const excess = excessOf(limits, windows, needsOf(estimate), now);
      const headers = () => ratelimitHeaders(standingsOf(limits, windows, now), dialect, wallNow);
      if (excess?.limit.mode === "refuse") throw refusalOf(excess, headers());
      const held = {
        tokens: estimate.input + (estimate.output ?? Math.ceil(output.read())),
        upstream: Math.ceil(upstreamMs.read()),
        cost: estimate.cost ?? 0,
      };
      const end = hold(account, held, now);
      return {
        headers: headers(),
        background: excess !== null,
        settle(used, endedAt) {
          if (used.upstreamMs !== null) upstreamMs.learn(used.upstreamMs);
          if (used.output !== null) output.learn(used.output);
          // Of one that was cut nobody says how long its prompt was; it was read all the same.
          const input = used.input ?? (used.output === null ? 0 : estimate.input);
          const tokens = input + (used.output ?? 0);
          const { upstreamMs: upstream, cost = 0 } = used;
          end({ requests: 0, tokens, upstream: Math.round(upstream ?? 0), cost }, steady(endedAt));
        },
        cancel: (endedAt) => end({ ...nothing, requests: -1 }, steady(endedAt)),
      };
    },
    states(who, wallNow) {
      const limits = limitsOf(who);
      const now = steady(wallNow);
      const { windows } = windowsFor(who, limits, now, wallNow);
      return limits.flatMap((limit, index) => {
        const window = windows[index];
        return window === undefined ? [] : [stateOf(limit, window, now, wallNow)];
      });
    },
  };
}

function needsOf({ input, output, cost }: Estimate): Amounts {
  return { requests: 1, tokens: input + (output ?? 1), upstream: 1, cost: cost ?? leastCost };
}

function standingsOf(limits: readonly Limit[], windows: readonly SlidingWindow[], now: number) {
  return limits.flatMap((limit, index) => {
    const window = windows[index];
    if (window === undefined) return [];
    return [{ limit, taken: window.used(now) + window.held, resetMs: window.resetsIn(now) }];
  });
}

function accountOf(users: Map<string, UserWindows>, user: string): UserWindows {
  const known = users.get(user);
  if (known !== undefined) return known;
  if (users.size >= mostUsers) forgetOne(users);
  const fresh = new UserWindows();
  users.set(user, fresh);
  return fresh;
}

/** The oldest of whom nothing is under way. */
function forgetOne(users: Map<string, UserWindows>): void {
  for (const [user, windows] of users) {
    if (windows.underWay > 0) continue;
    users.delete(user);
    return;
  }
}
