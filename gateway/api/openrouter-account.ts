import { openRouterGeneration } from "../dialects/openrouter/openrouter-generation.ts";
import {
  type Allowance,
  openRouterCredits,
  openRouterKey,
  type Pace,
  type Spending,
} from "../dialects/openrouter/openrouter-key.ts";
import { GatewayError } from "../errors.ts";
import type { LimitState } from "../limits/limits-report.ts";
import { shownUpstream } from "../upstreams/shown-upstream.ts";
import type { OpenRouterParts, OpenRouterQuestion } from "./openrouter-parts.ts";

const dayMs = 86_400_000;

/** `GET /api/v1/key` and `/auth/key`: what one's key may spend, and has spent. */
export async function showKey(
  parts: OpenRouterParts,
  { identity }: OpenRouterQuestion,
): Promise<object> {
  const limits = await parts.limits(identity);
  const spent = await spendingOf(parts, identity.user);
  return { data: openRouterKey(identity.hint, spent, allowanceIn(limits), paceIn(limits)) };
}

/** `GET /api/v1/credits`. */
export async function showCredits(
  parts: OpenRouterParts,
  { identity }: OpenRouterQuestion,
): Promise<object> {
  const allowance = allowanceIn(await parts.limits(identity));
  return { data: openRouterCredits(await spendingOf(parts, identity.user), allowance) };
}

/** `GET /api/v1/generation?id=`: one of one's own. */
export async function showGeneration(
  parts: OpenRouterParts,
  { identity, query }: OpenRouterQuestion,
): Promise<object> {
  const id = query.get("id") ?? "";
  if (id === "") {
    const text = "Add the id of a generation: /api/v1/generation?id=…";
    throw new GatewayError("invalid_request", text, { param: "id" });
  }
  const found = await parts.find(identity.user, id);
  if (found !== null) {
    return { data: openRouterGeneration({ ...found, upstream: shownUpstream(found.upstream) }) };
  }
  throw new GatewayError("not_found", "You have no generation with this id.", { param: "id" });
}

/** Since the day, the Monday and the first of the month began, in UTC. */
async function spendingOf(parts: OpenRouterParts, user: string): Promise<Spending> {
  const now = new Date(parts.now());
  const day = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  const sinceMonday = (now.getUTCDay() + 6) % 7;
  const begins = [
    ...[0, day, day - sinceMonday * dayMs],
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1),
  ];
  const spent = await Promise.all(begins.map((since) => parts.spent(user, since)));
  const [all = 0, today = 0, week = 0, month = 0] = spent;
  return { all, day: today, week, month };
}

/** Of several limits the one that has least left. */
function tightest(limits: readonly LimitState[], metric: string): LimitState | null {
  const all = limits.filter((one) => one.metric === metric);
  return all.toSorted((a, b) => a.remaining - b.remaining)[0] ?? null;
}

function allowanceIn(limits: readonly LimitState[]): Allowance | null {
  const found = tightest(limits, "cost");
  if (found === null) return null;
  const { limit, remaining, window_seconds: windowSeconds } = found;
  return { limit, remaining, windowSeconds };
}

function paceIn(limits: readonly LimitState[]): Pace | null {
  const found = tightest(limits, "requests");
  return found === null ? null : { requests: found.limit, seconds: found.window_seconds };
}
