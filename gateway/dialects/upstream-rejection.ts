import { type ErrorCode, type ErrorOptions, GatewayError } from "../errors.ts";
import { isJsonObject } from "../json-object.ts";
import { isOverflow, overflowCode } from "./context-overflow.ts";
import { readUpstreamError, type UpstreamError } from "./upstream-error.ts";

/** The body of a 4xx or 5xx is read up to this size for its message. */
export const maxRejectionBytes: number = 64 * 1024;

/** Codes shown for an upstream's 4xx that has no name of its own. */
const namesByStatus: Readonly<Record<number, string>> = {
  404: "not_found",
  413: "body_too_large",
  429: "rate_limit_exceeded",
};

const typesByStatus: Readonly<Record<number, string>> = {
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
};

/**
 * When the client may try again, as the upstream told it. Most clients obey a long `Retry-After`
 * several times without a word, so a wait of more than a minute stands in the body alone.
 */
function retryOf(retryAfter: string | null): Pick<Required<ErrorOptions>, "headers" | "extra"> {
  const told = retryAfter === null ? Number.NaN : secondsOf(retryAfter.trim());
  if (!(told >= 0)) return { headers: {}, extra: {} };
  const seconds = Math.max(1, Math.ceil(told));
  return seconds <= 60
    ? { headers: { "retry-after": String(seconds) }, extra: {} }
    : { headers: { "x-should-retry": "false" }, extra: { retry_after_seconds: seconds } };
}

/** RFC 9110 §10.2.3: seconds, or the date when they are over. */
function secondsOf(retryAfter: string): number {
  if (/^-?\d+(\.\d+)?$/.test(retryAfter)) return Number(retryAfter);
  return Math.max(0, (Date.parse(retryAfter) - Date.now()) / 1000);
}

/** Google tells the wait in the body: a detail of the type RetryInfo, `{"retryDelay":"34.07s"}`. */
function retryDelayIn({ details }: Readonly<Record<string, unknown>>): string | null {
  if (!Array.isArray(details)) return null;
  const delays = details.map((one) => (isJsonObject(one) ? one.retryDelay : null));
  const delay = delays.find((one) => typeof one === "string" && /^\d+(\.\d+)?s$/.test(one));
  return typeof delay === "string" ? delay.slice(0, -1) : null;
}

/** Where a redirect points: a URL without what may be a secret in it. */
function redirectTo(location: string | null): string | null {
  if (location === null) return null;
  const bare = location.replace(/[?#].*$/s, "").replace(/^(\w+:\/\/)[^/]*@/, "$1");
  return bare.replace(/[^\x21-\x7e]/g, "").slice(0, 200) || null;
}

function rejected(status: number, found: UpstreamError): ErrorOptions {
  const shownCode = isOverflow(found)
    ? overflowCode
    : (found.code ?? namesByStatus[status] ?? "upstream_rejected");
  return {
    status,
    type: found.type ?? typesByStatus[status] ?? "invalid_request_error",
    shownCode,
    param: found.param,
    extra: found.extra,
  };
}

function withDetail(text: string, detail: string | null): string {
  return detail === null ? `${text}.` : `${text}: ${detail}`;
}

/** Headers of an upstream's answer that is no success. */
export type RejectionHeaders = {
  readonly retryAfter?: string | readonly string[] | null;
  readonly location?: string | readonly string[] | null;
};

/**
 * What an upstream's error answer (any status that is no success) means for our client.
 *
 * A prompt that does not fit the model's context is a 400. Any other 4xx keeps status, message and extra fields; 401, 403 and 407 are about the gateway's own key,
 * whose message may repeat it and is dropped; 501 and 529 keep their status; a 503 of a loading
 * model can be waited out; the rest is a 502 with the upstream's message as detail. The message may
 * repeat what the client sent: it belongs to the client, not into a log.
 */
export function upstreamRejection(
  status: number,
  body: Uint8Array,
  contentType: string,
  told: RejectionHeaders = {},
): GatewayError {
  const { retryAfter = null, location = null } = told;
  if (status === 401 || status === 403 || status === 407) {
    return new GatewayError(
      "upstream_auth",
      `The upstream refused the gateway's own key (${status}); yours is fine. Tell the operator.`,
    );
  }
  const found = readUpstreamError(body, contentType);
  const retry = retryOf(typeof retryAfter === "string" ? retryAfter : retryDelayIn(found.extra));
  const extra = { ...found.extra, ...retry.extra };
  const { headers } = retry;
  // Some servers call it a failure of their own.
  if (isOverflow(found)) {
    return new GatewayError("upstream_rejected", found.message ?? "The prompt is too long.", {
      ...rejected(400, found),
      headers,
      extra,
    });
  }
  if (status >= 400 && status < 500) {
    const message = found.message ?? `The upstream refused the request (${status}).`;
    return new GatewayError("upstream_rejected", message, {
      ...rejected(status, found),
      headers,
      extra,
    });
  }
  const target = redirectTo(typeof location === "string" ? location : null);
  if (status >= 300 && status < 400 && target !== null) {
    const where = `The upstream redirects to ${target} (${status}), which is not followed.`;
    const text = `${where} Tell the operator: the upstream's URL is another one.`;
    return new GatewayError("upstream_error", text);
  }
  const [code, text] = failure(status, found.message);
  return new GatewayError(code, withDetail(text, found.message), { headers, extra });
}

function failure(status: number, message: string | null): [ErrorCode, string] {
  if (status === 501) return ["not_supported", "The upstream does not support this"];
  if (status === 529) return ["overloaded", "The upstream is overloaded"];
  if (status === 503 && message !== null && /loading model/i.test(message)) {
    return ["upstream_loading", "The upstream is loading its model"];
  }
  return ["upstream_error", `The upstream failed (${status})`];
}
