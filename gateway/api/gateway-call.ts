import type { Request, RequestHandler, Response } from "express";
import type { Identity } from "../auth/identity.ts";
import { stripCredentials } from "../auth/query-credentials.ts";
import type { Exchange } from "../exchange.ts";
import { type FrameParts, httpClient, withExchange } from "../with-exchange.ts";

/** A user who calls the gateway's own API. */
export type Viewer = {
  exchange: Exchange;
  identity: Identity;
  /** False from outside, unless PUBLIC_ADMIN is on: a stolen key must not stop the house. */
  isAdmin: boolean;
  /** Whether the key still names the same user with the same rights; asked by streams. */
  isStill(): Promise<boolean>;
};

export type CallHandler = (
  viewer: Viewer,
  request: Request,
  response: Response,
) => void | Promise<void>;

export type GatewayCallParts = Pick<FrameParts, "authenticate" | "doors" | "telemetry"> & {
  /** Administrators have their rights through the tunnel too. */
  publicAdmin: boolean;
};

/**
 * A call that the gateway answers itself, about itself. It is authenticated and logged, it never
 * waits, and it is also served while the gateway drains.
 */
export function gatewayCall(parts: GatewayCallParts, handle: CallHandler): RequestHandler {
  const { authenticate, doors, telemetry } = parts;
  return (request, response): Promise<void> => {
    const query = stripCredentials(request.url.slice(request.path.length));
    const isOpenRouter = request.baseUrl === "/api/v1";
    const target = { path: request.path, query, dialect: "openai", kind: "read" } as const;
    const frame = { authenticate, doors, telemetry };
    const client = httpClient(request, response);
    return withExchange(frame, client, { ...target, isOpenRouter }, ({ exchange, identity }) => {
      const isAdmin = identity.role === "admin" && (!exchange.isPublic || parts.publicAdmin);
      const isStill = (): Promise<boolean> => isSame(parts, request, identity);
      return handle({ exchange, identity, isAdmin, isStill }, request, response);
    });
  };
}

/** Whether the request would let in the same user, with the same rights, now. */
async function isSame(parts: GatewayCallParts, request: Request, was: Identity): Promise<boolean> {
  try {
    const { user, role } = await parts.authenticate(request);
    return user === was.user && role === was.role;
  } catch {
    return false;
  }
}
