import type { RequestHandler, Response } from "express";
import { GatewayError } from "../errors.ts";
import { type GatewayCallParts, gatewayCall } from "./gateway-call.ts";

export type ShowSettingsParts = {
  /** The settings in use, without secrets; null if the start did not say. */
  settingsReport: object | null;
  owner: {
    /** Whether an Authorization header comes from somebody who can read the gateway's files. */
    isOwner(authorization: string | undefined): boolean;
  };
};

/**
 * `GET /settings`: the settings in use, for administrators, and without a key for commands of the
 * user that the gateway runs as.
 */
export function settingsRoute(parts: ShowSettingsParts & GatewayCallParts): RequestHandler {
  const send = (response: Response): void => {
    response.setHeader("cache-control", "no-store");
    response.json({ object: "settings", ...parts.settingsReport });
  };
  const toAdmin = gatewayCall(parts, ({ isAdmin }, _request, response) => {
    if (!isAdmin) {
      throw new GatewayError(
        "not_allowed",
        "Only an administrator on the LAN may see the settings.",
      );
    }
    send(response);
  });
  return (request, response, next) => {
    if (parts.owner.isOwner(request.headers.authorization)) send(response);
    else return toAdmin(request, response, next);
  };
}
