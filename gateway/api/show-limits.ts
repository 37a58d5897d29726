import type { ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import { GatewayError } from "../errors.ts";
import type { RoadParts } from "../generation/parts.ts";
import type { Viewer } from "./queue.ts";

/**
 * `GET /limits`: how one's own limits stand; `GET /limits?user=NAME` for an administrator anyone's.
 * Where somebody's keys have limits of their own, each key's are shown, by its hint.
 */
export function showLimits(parts: RoadParts, viewer: Viewer, response: ServerResponse): void {
  const { exchange, identity, isAdmin } = viewer;
  const asked = new URLSearchParams(exchange.query).get("user") ?? identity.user;
  if (asked !== identity.user && !isAdmin) {
    throw new GatewayError(
      "not_allowed",
      "Only an administrator on the LAN may see the limits of other users.",
    );
  }
  const entries = asked === identity.user ? [identity] : parts.identitiesOf(asked);
  const [first, ...others] = (entries.length > 0 ? entries : [withoutKey(asked)]).map(
    ({ hint, ...who }) => ({ key: hint, limits: parts.limits.states(who, Date.now()) }),
  );
  if (entries.length === 0 && !first?.limits.some(({ used, reserved }) => used + reserved > 0)) {
    throw new GatewayError("not_found", "There is no user with this name.");
  }
  const body = {
    object: "limits",
    user: asked,
    limits: first?.limits ?? [],
    ...(others.length === 0 ? {} : { keys: [first, ...others] }),
  };
  setIdentityHeaders(response, exchange);
  response.setHeader("cache-control", "no-store");
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

/** Whoever came in by a token, and so stands in no file: known by what they used. */
const withoutKey = (user: string) => ({ user, role: "user", limits: null, hint: "" });
