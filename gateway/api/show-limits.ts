import type { ServerResponse } from "node:http";
import { setIdentityHeaders } from "../answer/identity-headers.ts";
import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import type { Limits } from "../limits/limits.ts";
import type { Viewer } from "./gateway-call.ts";

export type ShowLimitsParts = {
  limits: Pick<Limits, "states">;
  /** The identities of a user in users.json, one for each key. */
  identitiesOf(user: string): readonly Identity[];
};

/**
 * `GET /limits`: the user's own limits; `GET /limits?user=NAME`: for administrators, of any user. If
 * keys of the user have limits of their own, those of each key are shown, by the key's hint.
 */
export async function showLimits(
  parts: ShowLimitsParts,
  viewer: Viewer,
  response: ServerResponse,
): Promise<void> {
  const { exchange, identity, isAdmin } = viewer;
  const name = new URLSearchParams(exchange.query).get("user") ?? identity.user;
  if (name !== identity.user && !isAdmin) {
    throw new GatewayError(
      "not_allowed",
      "Only an administrator on the LAN may see the limits of other users.",
    );
  }
  const entries = name === identity.user ? [identity] : parts.identitiesOf(name);
  const [first, ...others] = await Promise.all(
    (entries.length > 0 ? entries : [withoutKey(name)]).map(async ({ hint, ...who }) => ({
      key: hint,
      limits: await parts.limits.states(who, Date.now()),
    })),
  );
  if (entries.length === 0 && !first?.limits.some(({ used, reserved }) => used + reserved > 0)) {
    throw new GatewayError("not_found", "There is no user with this name.");
  }
  const body = {
    object: "limits",
    user: name,
    limits: first?.limits ?? [],
    ...(others.length === 0 ? {} : { keys: [first, ...others] }),
  };
  setIdentityHeaders(response, exchange);
  response.setHeader("cache-control", "no-store");
  response.setHeader("content-type", "application/json").end(JSON.stringify(body));
}

/** A user who came with a token is in no file; only what they used is known. */
const withoutKey = (user: string) => ({ user, role: "user", limits: null, hint: "" });
