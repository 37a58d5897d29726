import type { IncomingMessage, ServerResponse } from "node:http";
import cors from "cors";

/** What web pages may read of an answer, beside what every browser lets them. */
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
 * Lets web pages of these origins (`*`: of any) call with a key in a header. Never with
 * credentials: what a browser adds by itself would act for whoever happens to visit a page. A
 * preflight needs no key, since browsers send none with it.
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
    // Only a preflight is answered here: any other OPTIONS needs a key like all else.
    if (request.method === "OPTIONS" && !isPreflight) next();
    else answer(request, response, next);
  };
}

/**
 * The headers of the gateway's own pages: nothing from elsewhere, nothing inline, in nobody's frame.
 * They have to work on `http://192.168.x.x` too: no HSTS, no upgrade of requests to a TLS that is not
 * there, and no opener policy, which browsers refuse loudly without TLS. Loaded at the first page.
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
