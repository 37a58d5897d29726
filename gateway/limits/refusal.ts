import { GatewayError } from "../errors.ts";
import { spokenDuration } from "./duration.ts";
import type { Excess } from "./excess.ts";
import type { Metric } from "./limit.ts";

/** Clients wait as long as they are told, and show nothing. A minute is the longest that helps. */
const mostRetrySeconds = 60;

type Unit = { name: string; field: string; size: number; decimals: number };

/** What people call an amount, what GET /limits does, and how finely it is shown. */
export const units: Readonly<Record<Metric, Unit>> = {
  requests: { name: "requests", field: "requests", size: 1, decimals: 2 },
  tokens: { name: "tokens", field: "tokens", size: 1, decimals: 2 },
  upstream: { name: "upstream seconds", field: "upstream_seconds", size: 1_000, decimals: 2 },
  cost: { name: "US dollars", field: "cost", size: 1, decimals: 6 },
};

/**
 * The 429 of a request that has no room. `Retry-After` is the true time, up to 60 s. For a longer
 * wait there is none, because most clients obey it several times without a word: the body tells the
 * time, and `x-should-retry: false` stops the clients that know it.
 */
export function refusalOf(excess: Excess, headers: Readonly<Record<string, string>>): GatewayError {
  const { waitMs } = excess;
  const seconds = waitMs === null ? null : Math.max(1, Math.ceil(waitMs / 1_000));
  const retries = seconds !== null && seconds <= mostRetrySeconds;
  return new GatewayError("rate_limit_exceeded", sentenceOf(excess), {
    headers: {
      ...headers,
      ...(retries ? { "retry-after": String(seconds) } : { "x-should-retry": "false" }),
    },
    extra: { retry_after_seconds: seconds },
  });
}

function sentenceOf({ limit, used, held, need, waitMs }: Excess): string {
  const { name, size, decimals } = units[limit.metric];
  const scale = 10 ** decimals;
  // Rounded up, but not for what floating point adds: 0.07 * 100 is 7.000000000000001.
  const shown = (amount: number): string =>
    String(Math.ceil(Number(((amount / size) * scale).toFixed(3))) / scale);
  const window = spokenDuration(limit.windowMs);
  const most = shown(limit.max);
  const parts = [`${areOrIs(shown(used))} used`];
  if (held > 0) parts.push(`${areOrIs(shown(held))} reserved for running requests`);
  if (limit.metric === "tokens") parts.push(`this request may need ${shown(need)}`);
  const when =
    waitMs === null
      ? "This limit admits no request."
      : `Try again in ${spokenDuration(Math.max(waitMs, 1_000))}.`;
  // Each name is a plural with a plain s.
  const unit = most === "1" ? name.slice(0, -1) : name;
  return `The limit is ${most} ${unit} in ${window}: ${parts.join(", ")}. ${when}`;
}

const areOrIs = (amount: string): string => `${amount} ${amount === "1" ? "is" : "are"}`;
