import type { IncomingMessage } from "node:http";
import express, { type Express, type NextFunction, type Request, type Response } from "express";
import { GatewayError } from "../errors.ts";
import { type Doors, isPublicRequest } from "../exchange.ts";

/** Prometheus' text exposition format. */
export const metricsType = "text/plain; version=0.0.4; charset=utf-8";

export type MetricsAppParts = {
  doors: Doors;
  publicAdmin: boolean;
  /** Throws 421 if a browser may ask for a foreign page. */
  refuseForeignHost(request: IncomingMessage): void;
};

/** The app of METRICS_PORT: the metrics and nothing else. */
export function createMetricsApp(parts: MetricsAppParts, render: () => Promise<string>): Express {
  const app = express();
  app.disable("x-powered-by");
  app.get("/metrics", async (request, response, next) => {
    if (!parts.publicAdmin && isPublicRequest(request, parts.doors)) {
      next();
      return;
    }
    parts.refuseForeignHost(request);
    response.setHeader("content-type", metricsType).end(await render());
  });
  app.use((_request, response) => {
    response.status(404).type("text").send("There is nothing at this path.\n");
  });
  app.use((cause: unknown, _request: Request, response: Response, _next: NextFunction) => {
    const isOurs = cause instanceof GatewayError;
    const text = isOurs ? cause.message : "The metrics cannot be shown.";
    response
      .status(isOurs ? cause.status : 500)
      .type("text")
      .send(`${text}\n`);
  });
  return app;
}
