import type { IncomingMessage } from "node:http";
import type { Request, RequestHandler, Response } from "express";
import type { Identity } from "../auth/identity.ts";
import { stripCredentials } from "../auth/query-credentials.ts";
import type { GatewayError } from "../errors.ts";
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

/** Someone without a key who calls what needs none. */
export type Stranger = {
  exchange: Exchange;
  /** Counts a wrong secret like a wrong key; the 429 to answer after too many, or null. */
  guessed(secret: string): GatewayError | null;
};

export type StrangerCallParts = Pick<FrameParts, "doors" | "telemetry"> & {
  /** Rejects a request from outside without the sign-in that CF_ACCESS_REQUIRED asks for. */
  admitStranger(request: IncomingMessage): Promise<void>;
  /** Counts a wrong secret of the request's address. */
  guessed(request: IncomingMessage, secret: string): GatewayError | null;
};

/** A call that needs no key. It is logged like any other. */
export function strangerCall(
  parts: StrangerCallParts,
  handle: (stranger: Stranger, request: Request, response: Response) => Promise<void>,
): RequestHandler {
  const { doors, telemetry } = parts;
  return (request, response): Promise<void> => {
    const query = stripCredentials(request.url.slice(request.path.length));
    const target = { path: request.path, query, dialect: "openai", kind: "read" } as const;
    const frame = {
      ...{ doors, telemetry },
      async authenticate(asked: IncomingMessage) {
        await parts.admitStranger(asked);
        return nobody;
      },
    };
    return withExchange(frame, httpClient(request, response), target, ({ exchange }) =>
      handle({ exchange, guessed: (secret) => parts.guessed(request, secret) }, request, response),
    );
  };
}

/** Has no name and no rights. */
const nobody: Identity = Object.freeze({
  ...{ user: "", role: "user" as const, models: [], weight: 1, priority: 0, maxConcurrent: null },
  ...{ maxQueued: null, limits: null, notify: null, hint: "", digest: null },
});

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
