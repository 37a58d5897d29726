import type { IncomingMessage, RequestListener } from "node:http";
import express, {
  type Express,
  type NextFunction,
  type Request,
  type RequestHandler,
  type Response,
  type Router,
} from "express";
import { type CallHandler, type GatewayCallParts, gatewayCall } from "./api/gateway-call.ts";
import type { OpenRouterParts } from "./api/openrouter-parts.ts";
import { openRouterRoutes, showOpenRouter } from "./api/openrouter-routes.ts";
import { type PeopleParts, peopleRoutes } from "./api/people-routes.ts";
import { followQueue, leaveQueue, type QueueParts, showQueue, steerQueue } from "./api/queue.ts";
import { type ShowLimitsParts, showLimits } from "./api/show-limits.ts";
import { type ShowSettingsParts, settingsRoute } from "./api/show-settings.ts";
import { type ShowWallParts, showWall, wallIsOff } from "./api/show-wall.ts";
import { type createCors, pageHeaders } from "./auth/browsers.ts";
import { stripCredentials } from "./auth/query-credentials.ts";
import { apiPaths, endpointOf, generationAt } from "./dialects/endpoints.ts";
import { type JudgedPath, judgePath, versionTwice } from "./dialects/path.ts";
import { GatewayError } from "./errors.ts";
import { isPublicRequest } from "./exchange.ts";
import { type GenerationParts, generation } from "./generation/generation.ts";
import type { Docs } from "./openapi/docs.ts";
import { createPage } from "./page/page.ts";
import { type ReadParts, read } from "./reads/read.ts";
import type { ServedHealth } from "./server/health-report.ts";
import { metricsType } from "./server/metrics-app.ts";
import { httpClient, refuseExchange, withExchange } from "./with-exchange.ts";

/** What the routes need; each room says what it needs itself. */
export type AppParts = GenerationParts &
  ReadParts &
  GatewayCallParts &
  QueueParts &
  ShowLimitsParts &
  PeopleParts &
  ShowWallParts &
  ShowSettingsParts & {
    /** The JSON of GET /health. */
    healthReport(): ServedHealth;
    /** Answers what only another gateway of the cluster can answer; null: there is none. */
    elsewhere: RequestHandler | null;
    /** Prometheus' text format; null where the metrics have a port of their own. */
    metrics: (() => Promise<string>) | null;
    openRouter: OpenRouterParts;
    /** The API as a document and a page. */
    docs: Docs;
    /** Throws 421 if a browser may ask for a foreign page. */
    refuseForeignHost(request: IncomingMessage): void;
    /** Answers preflights and marks answers for web pages of other origins; null is off. */
    cors: ReturnType<typeof createCors>;
  };

/** The judged path, kept in Express's own place for what belongs to a request. */
type Judged = { judged: JudgedPath };

/**
 * Every route, and the order of every step. A generation runs in `generation/generation.ts`, all
 * else under /v1 in `reads/read.ts`.
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
  if (parts.elsewhere !== null) app.use(parts.elsewhere);

  app.use("/api/v1", openRouter(parts));

  // First, since nearly every request is for it.
  app.all(apiPaths, (request: Request, response: Response<unknown, Judged>) => {
    const { path, query, alias } = response.locals.judged;
    refuseVersionTwice(path);
    const { dialect, kind } = endpointOf(request.method, path);
    const handle = kind === "generation" ? generation : read;
    // Neither rejects, so Express need not wait for them.
    void handle(parts, request, response, {
      path,
      query: stripCredentials(query),
      dialect,
      kind,
      isOpenRouter: alias,
    });
  });

  showPage(app, parts);
  showGateway(app, parts);
  showLine(app, parts);
  for (const { method, path, handle } of peopleRoutes(parts)) app[method](path, handle);

  // Check the key before answering 404, so that strangers cannot probe paths.
  app.use((request: Request, response: Response<unknown, Judged>) => {
    const { path, query } = response.locals.judged;
    const target = {
      path,
      query: stripCredentials(query),
      dialect: "openai",
      kind: "read",
    } as const;
    const { authenticate, doors, telemetry } = parts;
    const frame = { authenticate, doors, telemetry };
    return withExchange(frame, httpClient(request, response), target, () => {
      throw nothingHere();
    });
  });
  refuseWhatFails(app, parts);
  return app;
}

/**
 * Serves the requests of a port. Nearly all are POSTs to a path of the table. They take the same road
 * without the router: its steps have nothing to do for them, and make 5 % of a request's garbage.
 */
export function createListener(parts: AppParts, app: Express): RequestListener {
  return (request, response) => {
    const { method, url = "" } = request;
    const endpoint = method === "POST" && parts.cors === null ? generationAt(url) : undefined;
    if (endpoint === undefined) return app(request, response);
    const { dialect, kind } = endpoint;
    void generation(parts, request, response, { path: url, query: "", dialect, kind });
  };
}

/** OpenRouter's own questions. */
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

/** The page for people, from outside too: it asks for a key itself. */
function showPage(app: Express, parts: AppParts): void {
  const page = createPage(parts);
  // A tunnel that comes to the main port has a name of its own; the files hold nothing of anybody.
  const known = (request: Request, _response: Response, next: NextFunction): void => {
    if (!isPublicRequest(request, parts.doors)) parts.refuseForeignHost(request);
    next();
  };
  app.get("/", known, (request: Request, response: Response) => page.home(request, response));
  app.get(/^\/page\/./, known, async (request: Request, response: Response, next: NextFunction) => {
    const isFile = await page.asset(request.path.slice("/page/".length), request, response);
    if (!isFile) next(new GatewayError("not_found", "The page has no such file. Reload the page."));
  });

  // Never from outside, whatever PUBLIC_ADMIN says: it has no key.
  const wallOnly = (request: Request, _response: Response, next: NextFunction): void => {
    if (isPublicRequest(request, parts.doors)) throw nothingHere();
    parts.refuseForeignHost(request);
    next(parts.wall ? undefined : wallIsOff());
  };
  app.get("/wall", wallOnly, (request, response) => page.wall(request, response));
  app.get("/wall.json", wallOnly, (_request, response) => showWall(parts, response));
}

/** From outside, pages for the LAN do not exist. */
const isHidden = (parts: Pick<AppParts, "doors" | "publicAdmin">, request: Request): boolean =>
  !parts.publicAdmin && isPublicRequest(request, parts.doors);

/** Health, metrics and documentation, for the LAN, without a key. */
function showGateway(app: Express, parts: AppParts): void {
  const lanOnly = (request: Request, _response: Response, next: NextFunction): void => {
    if (isHidden(parts, request)) throw nothingHere();
    parts.refuseForeignHost(request);
    next();
  };
  app.get(["/health", "/healthz"], lanOnly, (_request, response) => {
    response.setHeader("cache-control", "no-store").json(parts.healthReport());
  });
  app.get("/ready", lanOnly, (_request, response) => {
    const { status } = parts.healthReport();
    response.setHeader("cache-control", "no-store");
    response.status(status === "ok" ? 200 : 503).json({ status });
  });
  app.get("/metrics", lanOnly, async (_request, response, next) => {
    if (parts.metrics === null) next(nothingHere());
    else response.setHeader("content-type", metricsType).end(await parts.metrics());
  });

  app.get("/settings", lanOnly, settingsRoute(parts));

  const { docs } = parts;
  const page = [lanOnly, pageHeaders()];
  app.get("/openapi.json", page, (_request: Request, response: Response) => docs.json(response));
  app.get("/docs", page, (request: Request, response: Response) => docs.page(request, response));
  app.get("/docs/style.css", page, (_request: Request, response: Response) => docs.style(response));
}

/** The user's limits, and the queue. */
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

/** Answers the errors of paths and middlewares above, which have no exchange yet. */
function refuseWhatFails(app: Express, parts: AppParts): void {
  app.use((cause: unknown, request: Request, response: Response, _next: NextFunction) => {
    // The raw path: `request.path` throws if the target is not a valid URL.
    const path = request.url.split("?", 1)[0] ?? "";
    const isOpenRouter = path.startsWith("/api/v1/");
    const { dialect } = endpointOf(request.method, isOpenRouter ? path.slice("/api".length) : path);
    const target = { path, query: "", dialect, kind: "read", isOpenRouter } as const;
    refuseExchange(parts, httpClient(request, response), target, cause);
  });
}

function refuseVersionTwice(path: string): void {
  const twice = versionTwice(path);
  if (twice === null) return;
  const { first, second } = twice;
  const text = `The path contains ${first}${second}. Remove ${first} from your client's base URL.`;
  throw new GatewayError("not_found", text);
}

const nothingHere = (): GatewayError =>
  new GatewayError("not_found", "There is nothing at this path. The API is under /v1.");
