import type { IncomingMessage, ServerResponse } from "node:http";
import cors from "cors";

/** The headers that web pages may read, besides those that every browser allows. */
const exposed = [
  "X-Request-ID",
  "Request-Id",
  "X-Queue-Position",
  "Retry-After",
  "X-Should-Retry",
  ...["requests", "tokens", "upstream-seconds", "cost"].flatMap((name) => [
    `X-RateLimit-Limit-${name}`,
    `X-RateLimit-Remaining-${name}`,
    `X-RateLimit-Reset-${name}`,
  ]),
  ...["requests", "tokens"].flatMap((name) => [
    `Anthropic-RateLimit-${name}-Limit`,
    `Anthropic-RateLimit-${name}-Remaining`,
    `Anthropic-RateLimit-${name}-Reset`,
  ]),
];

type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;

/**
 * Lets web pages of these origins (`*` is any) call with a key in a header. It never allows
 * credentials, because a browser sends them by itself, for any page that its user visits. A
 * preflight needs no key, because browsers send none with it.
 */
export function createCors(origins: readonly string[]): Middleware | null {
  if (origins.length === 0) return null;
  const answer = cors({
    origin: origins.includes("*") ? "*" : [...origins],
    methods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    exposedHeaders: exposed,
    credentials: false,
    maxAge: 600,
  });
  return (request, response, next) => {
    const { origin, "access-control-request-method": asked } = request.headers;
    const isPreflight = request.method === "OPTIONS" && origin !== undefined && asked !== undefined;
    // Only a preflight is answered here. Any other OPTIONS request needs a key.
    if (request.method === "OPTIONS" && !isPreflight) next();
    else answer(request, response, next);
  };
}

/**
 * The headers of the gateway's own pages: no content from other sites, no inline script, no frames.
 * The pages must work on `http://192.168.x.x` too. So there is no HSTS, no upgrade to TLS, and no
 * opener policy, which browsers report as an error without TLS. Loaded with the first page.
 */
export function pageHeaders(): Middleware {
  let loading: Promise<Middleware> | null = null;
  return (request, response, next) => {
    loading ??= import("helmet").then(({ default: helmet }) => helmet(pageOptions));
    loading.then(
      (set) => set(request, response, next),
      // Without its headers a page is not shown.
      (error: unknown) => next(error),
    );
  };
}

const pageOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      "default-src": ["'self'"],
      "script-src": ["'self'"],
      "script-src-attr": ["'none'"],
      "style-src": ["'self'"],
      "img-src": ["'self'", "data:"],
      "object-src": ["'none'"],
      "base-uri": ["'none'"],
      "form-action": ["'none'"],
      "frame-ancestors": ["'none'"],
    },
  },
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
  xFrameOptions: { action: "deny" },
} as const;
