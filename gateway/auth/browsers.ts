import type { IncomingMessage, ServerResponse } from "node:http";
import cors from "cors";

/** What web pages may read of an answer, beside what every browser lets them. */
const exposed = [
  "X-Request-ID",
  "Request-Id",
  "X-Queue-Position",
  "Retry-After",
  "X-Should-Retry",
  ...["requests", "tokens", "upstream-seconds"].flatMap((name) => [
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

type Middleware = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/**
 * Lets web pages of these origins (`*`: of any) call with a key in a header. Never with credentials:
 * what a browser adds by itself would act for whoever happens to visit a page. A preflight needs no
 * key, since browsers send none with it.
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
