import type { Request, RequestHandler, Response } from "express";
import { refuse } from "../answer/refuse.ts";
import type { Identity } from "../auth/identity.ts";
import { stripCredentials } from "../auth/query-credentials.ts";
import { createExchange, stopWhenLeft } from "../exchange.ts";
import { asGatewayError } from "../generation/failure.ts";
import type { RoadParts } from "../generation/parts.ts";
import type { Viewer } from "./queue.ts";

export type CallHandler = (
  viewer: Viewer,
  request: Request,
  response: Response,
) => void | Promise<void>;

type CallParts = Pick<RoadParts, "authenticate" | "doors" | "publicAdmin" | "telemetry">;

/** A call that the gateway answers itself, about itself: authenticated, logged, never waiting. */
export function gatewayCall(parts: CallParts, handle: CallHandler): RequestHandler {
  return async (request, response): Promise<void> => {
    const stop = new AbortController();
    const query = stripCredentials(request.url.slice(request.path.length));
    const isOpenRouter = request.baseUrl === "/api/v1";
    const target = { path: request.path, query, dialect: "openai", kind: "read" } as const;
    const named = { ...target, isOpenRouter };
    const exchange = createExchange(request, named, parts.doors, stop);
    stopWhenLeft(response, stop);
    let user: string | null = null;
    try {
      const identity = await parts.authenticate(request);
      user = identity.user;
      response.once("close", () => {
        const { statusCode: status } = response;
        if (status < 400) parts.telemetry.passed({ exchange, user, status });
      });
      const isAdmin = identity.role === "admin" && (!exchange.isPublic || parts.publicAdmin);
      const isStill = (): Promise<boolean> => isSame(parts, request, identity);
      await handle({ exchange, identity, isAdmin, isStill }, request, response);
    } catch (cause) {
      const error = asGatewayError(parts, exchange, cause);
      parts.telemetry.refused({ exchange, user, status: error.status, errorCode: error.code });
      if (response.headersSent) response.destroy();
      else refuse(request, response, exchange, error);
    }
  };
}

/** Whether the request would let in the same person, with the same rights, now. */
async function isSame(parts: CallParts, request: Request, was: Identity): Promise<boolean> {
  try {
    const { user, role } = await parts.authenticate(request);
    return user === was.user && role === was.role;
  } catch {
    return false;
  }
}
