import type { Request, RequestHandler, Response } from "express";
import { type ShowFairnessParts, showFairness } from "./fairness.ts";
import {
  type GatewayCallParts,
  gatewayCall,
  type StrangerCallParts,
  strangerCall,
  type Viewer,
} from "./gateway-call.ts";
import {
  type InvitesParts,
  listInvites,
  makeInvite,
  redeemInvite,
  withdrawInvite,
} from "./invites.ts";
import { type ListenParts, showHeard, startListening } from "./listen.ts";
import { type ShowMeParts, showMe } from "./me.ts";
import { type PastRequestsParts, showPastRequests } from "./past-requests.ts";
import { type ShowUpstreamsParts, showUpstreams } from "./show-upstreams.ts";
import { type ShowUsageParts, showUsage } from "./usage.ts";
import {
  addUser,
  addUserKey,
  changeUser,
  listUsers,
  removeUser,
  removeUserKey,
  rotateUserKey,
  type UsersParts,
} from "./users.ts";

export type PeopleParts = GatewayCallParts &
  StrangerCallParts &
  ShowMeParts &
  ListenParts &
  ShowUsageParts &
  ShowUpstreamsParts &
  ShowFairnessParts &
  PastRequestsParts &
  UsersParts &
  InvitesParts;

type Route = { method: "get" | "post" | "patch" | "delete"; path: string; handle: RequestHandler };

/** The calls about people: oneself, what was used, and, for administrators, all users. */
export function peopleRoutes(parts: PeopleParts): Route[] {
  const call = (
    method: Route["method"],
    path: string,
    handle: (viewer: Viewer, request: Request, response: Response) => Promise<void>,
  ): Route => ({ method, path, handle: gatewayCall(parts, handle) });
  const users = (method: Route["method"], path: string, handle: typeof listUsers): Route =>
    call(method, path, (viewer, request, response) =>
      handle(parts, viewer, request, response, {
        user: String(request.params.user),
        id: String(request.params.id),
      }),
    );
  return [
    call("get", "/me", (viewer, request, response) => showMe(parts, viewer, request, response)),
    call("get", "/me/requests", (viewer, _, response) => showPastRequests(parts, viewer, response)),
    call("post", "/me/listen", async (viewer, request, response) =>
      startListening(parts, viewer, request, response),
    ),
    call("get", "/me/listen", async (viewer, _, response) => showHeard(parts, viewer, response)),
    call("get", "/upstreams", async (viewer, _, response) =>
      showUpstreams(parts, viewer, response),
    ),
    call("get", "/fairness", async (viewer, _, response) => showFairness(parts, viewer, response)),
    call("get", "/usage", (viewer, _, response) => showUsage(parts, viewer, response)),
    users("get", "/users", listUsers),
    users("post", "/users", addUser),
    users("patch", "/users/:user", changeUser),
    users("delete", "/users/:user", removeUser),
    users("post", "/users/:user/keys", addUserKey),
    users("delete", "/users/:user/keys/:id", removeUserKey),
    users("post", "/users/:user/keys/:id/rotate", rotateUserKey),
    call("get", "/invites", (viewer, _, response) => listInvites(parts, viewer, response)),
    call("post", "/invites", (viewer, request, response) =>
      makeInvite(parts, viewer, request, response),
    ),
    {
      method: "post",
      path: "/invites/redeem",
      handle: strangerCall(parts, (stranger, request, response) =>
        redeemInvite(parts, stranger, request, response),
      ),
    },
    call("delete", "/invites/:id", (viewer, request, response) =>
      withdrawInvite(parts, viewer, String(request.params.id), response),
    ),
  ];
}
