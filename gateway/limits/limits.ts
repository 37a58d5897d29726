import { BoundedMap } from "../bounded-map.ts";
import { type DialectName, dialects } from "../dialects/all.ts";
import type { Estimate } from "./estimate.ts";
import { type Excess, excessOf, isWorse } from "./excess.ts";
import { createExpectations } from "./expectations.ts";
import type { Amounts, Limit, Limited } from "./limit.ts";
import { createLimitsOf, type LayersOptions } from "./limits-of.ts";
import { type LimitState, stateOf } from "./limits-report.ts";
import type { Prompt } from "./prompt-sizes.ts";
import { ratelimitHeaders } from "./ratelimit-headers.ts";
import { refusalOf } from "./refusal.ts";
import {
  type EndHold,
  hold,
  holdCounted,
  type Reservation,
  type Used,
  unlimited,
} from "./reservation.ts";
import type { SlidingWindow } from "./sliding-window.ts";
import { createSteadyClock } from "./steady-clock.ts";
import { type Past as PastUse, type UsageHistory, UserWindows } from "./user-windows.ts";

/** A generation to reserve for. With `prompt` the sizes of such prompts are learnt. */
export type LimitedGeneration = { dialect: DialectName; estimate: Estimate; prompt?: Prompt };

export type Limits = {
  /**
   * Reads what a user used before, where that is on another machine; null: it is known. To be
   * awaited before `reserve`: what is not known by then counts for nothing. Never rejects.
   */
  recall(who: Limited, now: number): Promise<void> | null;
  /**
   * Reserves room for a generation until it is settled. Synchronous, so that two requests never get
   * the same room.
   * @param now epoch ms
   * @throws GatewayError rate_limit_exceeded (429), with x-ratelimit headers, and Retry-After for a short wait
   */
  reserve(who: Limited, ask: LimitedGeneration, now: number): Reservation;
  /**
   * As `reserve`, for a generation that another keeper has accepted: it never refuses, and the
   * request is not counted again, because its row is in the history. Await `recall` before. What is
   * not recalled by then does not slow this request, and counts later all the same.
   */
  adopt(who: Limited, ask: LimitedGeneration, now: number): Reservation;
  /** True if a limit of the user depends on the tokens of a prompt. */
  countsTokens(who: Limited): boolean;
  /** The state of each limit of a user. */
  states(who: Limited, now: number): Promise<LimitState[]>;
};

export type LimitsOptions = LayersOptions & {
  history: UsageHistory;
  /** The same for all people behind a key, by its id. */
  historyOfKey: UsageHistory;
  /** Epoch ms; what is accepted from then on is counted here. Default: now. */
  startedAt?: number;
};

const dependsOnTokens = ({ metric }: Limit): boolean => metric === "tokens" || metric === "cost";

/** From a request's first byte to here, nearly always. Milliseconds. */
const longestStartMs = 60_000;

/** How often what could not be read is tried again. Milliseconds. */
const catchUpMs = 5_000;

/** Users kept in memory. The windows of a forgotten user are read from the history again. */
const mostUsers = 10_000;

/**
 * Keeps the limits of all users in sliding windows, in memory, which start from the ledger's rows.
 * A request counts from the moment it is accepted. Everything else is reserved until the generation
 * ends, and then counts with its true numbers.
 */
export function createLimits(options: LimitsOptions): Limits {
  const limitsOf = createLimitsOf(options);
  const steady = createSteadyClock();
  const users = new BoundedMap<UserWindows>(mostUsers, {
    mayForget: ({ underWay }) => underWay === 0,
  });
  const expectations = createExpectations();
  const { startedAt = Date.now() } = options;
  const nextTry = new WeakMap<UserWindows, number>();

  /** The limits that bound a user, and those of the key that speaks for them. */
  function rulesOf(who: Limited): Rules[] {
    const { user, behind } = who;
    const [own, shared] = [limitsOf.of(who), limitsOf.ofKey(who)];
    const rules: Rules[] = [];
    if (own.length > 0) {
      const past: Past = (since, apart) => options.history(user, since, apart);
      rules.push({ account: accountOf(users, user), limits: own, past });
    }
    if (behind !== undefined && shared.length > 0) {
      const past: Past = (since) => options.historyOfKey(behind.keyId, since);
      // No user's name begins so.
      const account = accountOf(users, `\u0000${behind.keyId}`);
      rules.push({ account, limits: shared, past });
    }
    return rules;
  }

  const isUnlimited = (who: Limited): boolean =>
    limitsOf.of(who).length === 0 && limitsOf.ofKey(who).length === 0;

  function recall(who: Limited, wallNow: number): Promise<void> | null {
    if (isUnlimited(who)) return null;
    const reading = rulesOf(who).flatMap((rules) => {
      const windowMs = rules.account.lacks(rules.limits);
      if (windowMs === 0) catchUp(rules, wallNow);
      const found = windowMs === 0 ? [] : rules.past(wallNow - windowMs);
      return found instanceof Promise ? begin(rules, found, wallNow) : [];
    });
    return reading.length === 0 ? null : Promise.all(reading).then(() => {});
  }

  async function begin(
    { account, limits }: Rules,
    reading: Promise<readonly PastUse[] | null>,
    wallNow: number,
  ): Promise<void> {
    const known = await reading;
    const now = steady(wallNow);
    // The request itself was accepted a little earlier, and must not count twice.
    if (known === null) account.begin(limits, Math.max(startedAt, now - longestStartMs));
    else account.of(limits, () => shifted(known, now - wallNow), now);
  }

  /** Reads again what could not be read when windows began. Nobody waits for it. */
  function catchUp({ account, past }: Rules, wallNow: number): void {
    const { unreadMs, unreadUntil } = account;
    if (unreadMs === 0 || wallNow < (nextTry.get(account) ?? 0)) return;
    nextTry.set(account, wallNow + catchUpMs);
    const ahead = steady(wallNow) - wallNow;
    const found = past(wallNow - unreadMs, unreadUntil - ahead);
    if (!(found instanceof Promise)) return;
    void found.then((known) => {
      const now = steady(wallNow);
      if (known !== null) account.catchUp(shifted(known, now - wallNow), now);
    });
  }

  /** `now`: the time of the windows, which never goes back. `wallNow`: that of the history. */
  function boundsOf(who: Limited, now: number, wallNow: number): Bound[] {
    return rulesOf(who).map(({ account, limits, past }) => {
      const fill = (windowMs: number) => shifted(atHand(past(wallNow - windowMs)), now - wallNow);
      return { account, limits, windows: account.of(limits, fill, now) };
    });
  }

  const reserving = { limitsOf, steady, expectations, rulesOf, boundsOf };
  return {
    recall,
    reserve: (who, ask, now) => reserveFor(reserving, who, ask, now),
    adopt: (who, ask, now) => adoptFor(reserving, who, ask, now),
    countsTokens: (who) =>
      limitsOf.of(who).some(dependsOnTokens) || limitsOf.ofKey(who).some(dependsOnTokens),
    async states(who, wallNow) {
      await recall(who, wallNow);
      const now = steady(wallNow);
      return boundsOf(who, now, wallNow).flatMap(({ limits, windows }) =>
        limits.flatMap((limit, index) => {
          const window = windows[index];
          return window === undefined ? [] : [stateOf(limit, window, now, wallNow)];
        }),
      );
    },
  };
}

/** What reservations need of the limits. */
type Reserving = {
  readonly limitsOf: ReturnType<typeof createLimitsOf>;
  readonly steady: ReturnType<typeof createSteadyClock>;
  readonly expectations: ReturnType<typeof createExpectations>;
  rulesOf(who: Limited): Rules[];
  boundsOf(who: Limited, now: number, wallNow: number): Bound[];
};

function reserveFor(
  parts: Reserving,
  who: Limited,
  { dialect, estimate, prompt }: LimitedGeneration,
  wallNow: number,
): Reservation {
  const { limitsOf, steady, expectations } = parts;
  if (limitsOf.of(who).length === 0 && limitsOf.ofKey(who).length === 0) return unlimited;
  const now = steady(wallNow);
  const bounds = parts.boundsOf(who, now, wallNow);
  const { input, needs, held } = expectations.of(estimate, prompt);
  const excess = worstOf(bounds, needs, now);
  const names = dialects[dialect].headers;
  const headers = () => ratelimitHeaders(standingsOf(bounds, now), names, wallNow);
  if (excess?.limit.mode === "refuse") throw refusalOf(excess, headers());
  const ends = bounds.map(({ account }) => hold(account, held, now));
  const settle = settlingOf(parts, ends, { input, prompt });
  return { headers: headers(), background: excess !== null, settle };
}

/** Windows are made by `recall`, or with the next request: then they have what is held here. */
function adoptFor(
  parts: Reserving,
  who: Limited,
  { dialect, estimate, prompt }: LimitedGeneration,
  wallNow: number,
): Reservation {
  const { steady, expectations } = parts;
  const rules = parts.rulesOf(who);
  if (rules.length === 0) return unlimited;
  const now = steady(wallNow);
  const isRecalled = rules.every(({ account, limits, past }) => {
    const windowMs = account.lacks(limits);
    return windowMs === 0 || !(past(wallNow - windowMs) instanceof Promise);
  });
  const bounds = isRecalled ? parts.boundsOf(who, now, wallNow) : [];
  const { input, needs, held } = expectations.of(estimate, prompt);
  // Its request is in the windows already.
  const excess = worstOf(bounds, { ...needs, requests: 0 }, now);
  const ends = rules.map(({ account }) => holdCounted(account, held));
  const names = dialects[dialect].headers;
  const headers = isRecalled ? ratelimitHeaders(standingsOf(bounds, now), names, wallNow) : {};
  const settle = settlingOf(parts, ends, { input, prompt });
  return { headers, background: excess !== null, settle };
}

function settlingOf(
  { expectations, steady }: Reserving,
  ends: readonly EndHold[],
  { input, prompt }: { input: number; prompt: Prompt | undefined },
): Reservation["settle"] {
  return (used, endedAt) => {
    expectations.learn(used, prompt);
    for (const end of ends) end(chargeOf(used, input), steady(endedAt));
  };
}

/** Limits that hold together, the account that they are of, and what was used before. */
type Rules = {
  readonly account: UserWindows;
  readonly limits: readonly Limit[];
  readonly past: Past;
};

const atHand = (found: ReturnType<Past>): readonly PastUse[] =>
  found instanceof Promise ? [] : found;

const shifted = (found: readonly PastUse[], ahead: number): readonly PastUse[] =>
  ahead === 0 ? found : found.map((one) => ({ ...one, at: one.at + ahead }));

/** Limits that hold together, their windows in the same order, and the account they are of. */
type Bound = {
  readonly account: UserWindows;
  readonly limits: readonly Limit[];
  readonly windows: readonly SlidingWindow[];
};

type Past = (since: number, apart?: number) => ReturnType<UsageHistory>;

function worstOf(bounds: readonly Bound[], needs: Amounts, now: number): Excess | null {
  let worst: Excess | null = null;
  for (const { limits, windows } of bounds) {
    const excess = excessOf(limits, windows, needs, now);
    if (excess !== null && (worst === null || isWorse(excess, worst))) worst = excess;
  }
  return worst;
}

/**
 * What nobody told is charged by what passed: otherwise an upstream that tells no usage, or a client
 * that leaves early, would use nothing.
 *
 * @param expected - tokens of the prompt, estimated
 */
function chargeOf(used: Used, expected: number): Amounts {
  const { input, output, upstreamMs, cost = 0, passed = 0, ran = output !== null } = used;
  const tokens = (input ?? (ran ? expected : 0)) + (output ?? passed);
  return { requests: 0, tokens, upstream: Math.round(upstreamMs ?? 0), cost };
}

function standingsOf(bounds: readonly Bound[], now: number) {
  return bounds.flatMap(({ limits, windows }) =>
    limits.flatMap((limit, index) => {
      const window = windows[index];
      if (window === undefined) return [];
      return [{ limit, taken: window.used(now) + window.held, resetMs: window.resetsIn(now) }];
    }),
  );
}

function accountOf(users: BoundedMap<UserWindows>, user: string): UserWindows {
  const known = users.get(user);
  if (known !== undefined) return known;
  const fresh = new UserWindows();
  users.set(user, fresh);
  return fresh;
}
