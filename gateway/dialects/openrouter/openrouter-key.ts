/** What a user has spent, in US dollars; days, weeks (from Monday on) and months are UTC's. */
export type Spending = Readonly<{ all: number; day: number; week: number; month: number }>;

/** How much one may spend, in US dollars. */
export type Allowance = Readonly<{
  limit: number;
  remaining: number;
  windowSeconds: number;
}>;

/** How many requests one may make in how many seconds. */
export type Pace = Readonly<{ requests: number; seconds: number }>;

const note = "This field is deprecated and safe to ignore.";

const day = 86_400;
/** OpenRouter's three names of windows; another length has none. */
const resets: Readonly<Record<number, string>> = {
  [day]: "daily",
  [7 * day]: "weekly",
  [30 * day]: "monthly",
};

/** `GET /api/v1/key`, every required key there. `hint` is all that is shown of a key. */
export function openRouterKey(
  hint: string,
  spent: Spending,
  allowance: Allowance | null,
  pace: Pace | null,
): Record<string, unknown> {
  return {
    label: `${hint}...`,
    limit: allowance?.limit ?? null,
    limit_reset: allowance === null ? null : (resets[allowance.windowSeconds] ?? null),
    limit_remaining: allowance?.remaining ?? null,
    include_byok_in_limit: false,
    usage: spent.all,
    usage_daily: spent.day,
    usage_weekly: spent.week,
    usage_monthly: spent.month,
    byok_usage: 0,
    byok_usage_daily: 0,
    byok_usage_weekly: 0,
    byok_usage_monthly: 0,
    is_free_tier: false,
    is_management_key: false,
    is_provisioning_key: false,
    creator_user_id: null,
    organization_id: null,
    workspace_id: null,
    expires_at: null,
    allowed_data_regions: ["global"],
    free_model_daily_requests: { limit: 0, used: 0, remaining: 0 },
    rate_limit:
      pace === null
        ? { requests: -1, interval: "10s", note }
        : { requests: pace.requests, interval: `${pace.seconds}s`, note },
  };
}

/** Shown where nobody counts money: a client that sees a balance of nothing asks for nothing. */
const plenty = 1_000_000;

/** `GET /api/v1/credits`: what is left is the first less the second. */
export function openRouterCredits(
  { all }: Spending,
  allowance: Allowance | null,
): Record<string, number> {
  return { total_credits: all + (allowance?.remaining ?? plenty), total_usage: all };
}
