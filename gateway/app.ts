import express, {
  type Express,
  type NextFunction,
  type Request,
  type Response,
  type Router,
} from "express";
import { refuse } from "./answer/refuse.ts";
import { type CallHandler, gatewayCall } from "./api/gateway-call.ts";
import type { OpenRouterParts } from "./api/openrouter-parts.ts";
import { openRouterRoutes, showOpenRouter } from "./api/openrouter-routes.ts";
import { followQueue, leaveQueue, showQueue, steerQueue } from "./api/queue.ts";
import { showLimits } from "./api/show-limits.ts";
import { type createCors, pageHeaders } from "./auth/browsers.ts";
import { stripCredentials } from "./auth/query-credentials.ts";
import { endpointOf } from "./dialects/endpoints.ts";
import { type JudgedPath, judgePath } from "./dialects/path.ts";
import { GatewayError } from "./errors.ts";
import { createExchange, isPublicRequest } from "./exchange.ts";
import { asGatewayError } from "./generation/failure.ts";
import { generation } from "./generation/generation.ts";
import type { RoadParts } from "./generation/parts.ts";
import type { Docs } from "./openapi/docs.ts";
import { read } from "./reads/read.ts";

export type AppParts = RoadParts & {
  /** What GET /health says, as JSON. */
  healthReport(): object;
  /** Prometheus' text format; null where the metrics have a port of their own. */
  metrics: (() => Promise<string>) | null;
  openRouter: OpenRouterParts;
  /** The API as a document and a page. */
  docs: Docs;
  /** Answers preflights and marks answers for web pages of other origins; null is off. */
  cors: ReturnType<typeof createCors>;
};

/** Prometheus' text exposition format. */
const metricsType = "text/plain; version=0.0.4; charset=utf-8";

/** All that is passed on, or answered in the words of those APIs. */
const apiPaths = /^\/(?:(?:api\/)?v1|v1beta)\//;

/** What comes of a base URL with a version, in a client that puts one before every path itself. */
const twice = /^\/v1(?:beta)?\/v1(?:beta)?\//;

/**
 * The path as it was judged, before any routing; Express's own place for what belongs to a request.
 */
type Judged = { judged: JudgedPath };

/**
 * Every route, and the order of every step. A generation goes the road of `generation/generation.ts`, all
 * else under /v1 that of `reads/read.ts`.
 */
export function createApp(parts: AppParts): Express {
  const app = express();
  app.disable("x-powered-by");
  app.disable("etag");
  app.set("query parser", false);
  app.enable("case sensitive routing");
  app.enable("strict routing");

  app.use((request: Request, response: Response<unknown, Judged>, next: NextFunction) => {
    response.locals.judged = judgePath(request.url);
    next();
  });
  if (parts.cors !== null) app.use(parts.cors);

  app.use("/api/v1", openRouter(parts));

  // Before all others, since nearly all that comes is for it.
  app.all(apiPaths, (request: Request, response: Response<unknown, Judged>) => {
    const { path, query, alias } = response.locals.judged;
    if (twice.test(path)) throw versionTwice();
    const { dialect, kind } = endpointOf(request.method, path);
    const road = kind === "generation" ? generation : read;
    return road(parts, request, response, {
      path,
      query: stripCredentials(query),
      dialect,
      kind,
      isOpenRouter: alias,
    });
  });

  showGateway(app, parts);
  showLine(app, parts);

  // Whoever has no key learns nothing of what is here.
  app.use(async (request) => {
    await parts.authenticate(request);
    throw nothingHere();
  });
  refuseWhatFails(app, parts);
  return app;
}

/** What OpenRouter's clients read. */
function openRouter(parts: AppParts): Router {
  const router = express.Router({ caseSensitive: true, strict: true });
  for (const { path, ask } of openRouterRoutes) {
    const answer = gatewayCall(parts, (viewer, request, response) => {
      return showOpenRouter(parts.openRouter, ask, viewer, request, response);
    });
    router.get(path.slice("/api/v1".length), answer);
  }
  return router;
}

/** From outside, what is for the LAN is not there. */
const isHidden = (parts: Pick<AppParts, "doors" | "publicAdmin">, request: Request): boolean =>
  !parts.publicAdmin && isPublicRequest(request, parts.doors);

/** What the gateway says of itself, to a LAN without keys. */
function showGateway(app: Express, parts: AppParts): void {
  const lanOnly = (request: Request, _response: Response, next: NextFunction): void => {
    next(isHidden(parts, request) ? nothingHere() : undefined);
  };
  app.get(["/health", "/healthz"], lanOnly, (_request, response) => {
    response.setHeader("cache-control", "no-store").json(parts.healthReport());
  });
  app.get("/metrics", lanOnly, async (_request, response, next) => {
    if (parts.metrics === null) next(nothingHere());
    else response.setHeader("content-type", metricsType).end(await parts.metrics());
  });

  const { docs } = parts;
  const page = [lanOnly, pageHeaders()];
  app.get("/openapi.json", page, (_request: Request, response: Response) => docs.json(response));
  app.get("/docs", page, (request: Request, response: Response) => docs.page(request, response));
  app.get("/docs/style.css", page, (_request: Request, response: Response) => docs.style(response));
}

/** How one's own limits stand, and the line. */
function showLine(app: Express, parts: AppParts): void {
  const call = (handle: CallHandler) => gatewayCall(parts, handle);
  app.get(
    "/limits",
    call((viewer, _, response) => showLimits(parts, viewer, response)),
  );
  app.get(
    "/queue",
    call((viewer, _request, response) => showQueue(parts, viewer, response)),
  );
  app.get(
    "/queue/events",
    call((viewer, _, response) => followQueue(parts, viewer, response)),
  );
  app.delete(
    "/queue/:id",
    call((viewer, request, response) => {
      leaveQueue(parts, viewer, String(request.params.id), response);
    }),
  );
  app.post(
    /^\/queue\/(pause|resume|drain)$/,
    call((viewer, request, response) => {
      steerQueue(parts, viewer, request.path.slice("/queue/".length), request, response);
    }),
  );
}

/** Every error of the above, rendered once. */
function refuseWhatFails(app: Express, parts: AppParts): void {
  app.use((cause: unknown, request: Request, response: Response, _next: NextFunction) => {
    const stop = new AbortController();
    // The raw target: `request.path` throws where that cannot be read as a URL.
    const path = request.url.split("?", 1)[0] ?? "";
    const isOpenRouter = path.startsWith("/api/v1/");
    const target = { path, query: "", dialect: "openai", kind: "read", isOpenRouter } as const;
    const exchange = createExchange(request, target, parts.doors, stop);
    const error = asGatewayError(parts, exchange, cause);
    parts.telemetry.refused({ exchange, user: null, status: error.status, errorCode: error.code });
    if (response.headersSent) response.destroy();
    else refuse(request, response, exchange, error);
  });
}

/** What listens on METRICS_PORT: the metrics and nothing else. */
export function createMetricsApp(
  parts: Pick<AppParts, "doors" | "publicAdmin">,
  render: () => Promise<string>,
): Express {
  const app = express();
  app.disable("x-powered-by");
  app.get("/metrics", async (request, response, next) => {
    if (isHidden(parts, request)) next();
    else response.setHeader("content-type", metricsType).end(await render());
  });
  app.use((_request, response) => {
    response.status(404).type("text").send("There is nothing at this path.\n");
  });
  return app;
}

const versionTwice = (): GatewayError =>
  new GatewayError(
    "not_found",
    "The path contains the API version twice. Remove /v1 from your client's base URL.",
  );

const nothingHere = (): GatewayError =>
  new GatewayError("not_found", "There is nothing at this path. The API is under /v1.");
