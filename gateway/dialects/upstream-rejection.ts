import { type ErrorCode, type ErrorOptions, GatewayError } from "../errors.ts";
import { isJsonObject } from "../json-object.ts";
import { isOverflow, overflowCode } from "./context-overflow.ts";
import { statusOfRequestFault } from "./request-faults.ts";
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
  403: "permission_error",
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

/** A type that calls it the server's own failure does not go with a 4xx. */
function typeOf(status: number, told: string | null): string {
  const isServers = told === "server_error" || told === "api_error";
  return (isServers ? null : told) ?? typesByStatus[status] ?? "invalid_request_error";
}

function rejected(status: number, found: UpstreamError): ErrorOptions {
  const shownCode = isOverflow(found)
    ? overflowCode
    : (found.code ?? namesByStatus[status] ?? "upstream_rejected");
  return {
    status,
    type: typeOf(status, found.type),
    shownCode,
    param: found.param,
    extra: found.extra,
  };
}

function withDetail(text: string, detail: string | null): string {
  return detail === null ? `${text}.` : `${text}: ${detail}`;
}

/** What the headers of an upstream's answer that is no success say; null: nothing. */
export type RejectionHeaders = {
  readonly retryAfter?: string | null;
  readonly location?: string | null;
};

/** Reads them; names are in lower case. OpenAI and Azure tell the wait in milliseconds, too. */
export function rejectionHeaders(headers: Readonly<Record<string, unknown>>): RejectionHeaders {
  const told = (name: string): string | null => {
    const value = headers[name];
    return typeof value === "string" ? value : null;
  };
  const ms = told("retry-after-ms")?.trim() ?? "";
  const exact = /^\d+(\.\d+)?$/.test(ms) ? String(Number(ms) / 1000) : null;
  return { retryAfter: exact ?? told("retry-after"), location: told("location") };
}

/**
 * What an upstream's error answer (any status that is no success) means for our client.
 *
 * A prompt that does not fit the model's context is a 400, and so is what else blames the request by
 * its words. Any other 4xx keeps status, message and extra fields; 401, 403 and 407 are about the
 * gateway's own key, whose message may repeat it and is dropped; 501 and 529 keep their status; a 503
 * of a loading model can be waited out; the rest is a 502 with the upstream's message as detail. The
 * message may repeat what the client sent: it belongs to the client, not into a log.
 */
export function upstreamRejection(
  status: number,
  body: Uint8Array,
  contentType: string,
  told: RejectionHeaders = {},
): GatewayError {
  const { retryAfter = null, location = null } = told;
  const found = readUpstreamError(body, contentType);
  const faultStatus = isOverflow(found) ? 400 : statusOfRequestFault(status, found);
  if (faultStatus === null && (status === 401 || status === 403 || status === 407)) {
    return new GatewayError(
      "upstream_auth",
      `The upstream refused the gateway's own key (${status}); yours is fine. Tell the operator.`,
    );
  }
  const retry = retryOf(retryAfter ?? retryDelayIn(found.extra));
  const extra = { ...found.extra, ...retry.extra };
  const { headers } = retry;
  const shown = faultStatus ?? status;
  if (shown >= 400 && shown < 500) {
    const otherwise = isOverflow(found)
      ? "The prompt is too long."
      : `The upstream refused the request (${status}).`;
    return new GatewayError("upstream_rejected", found.message ?? otherwise, {
      ...rejected(shown, found),
      headers,
      extra,
    });
  }
  const target = redirectTo(location);
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
