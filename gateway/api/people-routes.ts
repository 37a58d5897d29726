import type { Request, RequestHandler, Response } from "express";
import type { ShowFairnessParts } from "./fairness.ts";
import {
  type GatewayCallParts,
  gatewayCall,
  type StrangerCallParts,
  strangerCall,
  type Viewer,
} from "./gateway-call.ts";
import type { InvitesParts } from "./invites.ts";
import { type ListenParts, showHeard, startListening } from "./listen.ts";
import { type ShowMeParts, showMe } from "./me.ts";
import { type PastRequestsParts, showPastRequests } from "./past-requests.ts";
import type { ShowChangesParts } from "./show-changes.ts";
import { type ShowUpstreamsParts, showUpstreams } from "./show-upstreams.ts";
import { type ShowUsageParts, showUsage } from "./usage.ts";
import type { UsersParts } from "./users.ts";

export type PeopleParts = GatewayCallParts &
  StrangerCallParts &
  ShowMeParts &
  ListenParts &
  ShowUsageParts &
  ShowUpstreamsParts &
  ShowFairnessParts &
  ShowChangesParts &
  PastRequestsParts &
  UsersParts &
  InvitesParts;

type Route = { method: "get" | "post" | "patch" | "delete"; path: string; handle: RequestHandler };

// Loaded with their first call: the start, and memory at rest, need not have them.
const users = () => import("./users.ts");
const invites = () => import("./invites.ts");
const fairness = () => import("./fairness.ts");

type UsersCall = keyof Awaited<ReturnType<typeof users>>;

/** The calls about people: oneself, what was used, and, for administrators, all users. */
export function peopleRoutes(parts: PeopleParts): Route[] {
  const call = (
    method: Route["method"],
    path: string,
    handle: (viewer: Viewer, request: Request, response: Response) => Promise<void>,
  ): Route => ({ method, path, handle: gatewayCall(parts, handle) });
  const aboutUsers = (method: Route["method"], path: string, name: UsersCall): Route =>
    call(method, path, async (viewer, request, response) => {
      const handle = (await users())[name];
      return handle(parts, viewer, request, response, {
        user: String(request.params.user),
        id: String(request.params.id),
      });
    });
  return [
    call("get", "/me", (viewer, request, response) => showMe(parts, viewer, request, response)),
    call("get", "/me/requests", (viewer, _, response) => showPastRequests(parts, viewer, response)),
    call("post", "/me/listen", (viewer, request, response) =>
      startListening(parts, viewer, request, response),
    ),
    call("get", "/me/listen", (viewer, request, response) =>
      showHeard(parts, viewer, request, response),
    ),
    call("get", "/upstreams", async (viewer, _, response) =>
      showUpstreams(parts, viewer, response),
    ),
    call("get", "/fairness", async (viewer, _, response) =>
      (await fairness()).showFairness(parts, viewer, response),
    ),
    call("get", "/changes", async (viewer, _, response) =>
      (await import("./show-changes.ts")).showChanges(parts, viewer, response),
    ),
    call("get", "/usage", (viewer, _, response) => showUsage(parts, viewer, response)),
    aboutUsers("get", "/users", "listUsers"),
    aboutUsers("post", "/users", "addUser"),
    aboutUsers("patch", "/users/:user", "changeUser"),
    aboutUsers("delete", "/users/:user", "removeUser"),
    aboutUsers("post", "/users/:user/keys", "addUserKey"),
    aboutUsers("delete", "/users/:user/keys/:id", "removeUserKey"),
    aboutUsers("post", "/users/:user/keys/:id/rotate", "rotateUserKey"),
    call("get", "/invites", async (viewer, _, response) =>
      (await invites()).listInvites(parts, viewer, response),
    ),
    call("post", "/invites", async (viewer, request, response) =>
      (await invites()).makeInvite(parts, viewer, request, response),
    ),
    {
      method: "post",
      path: "/invites/redeem",
      handle: strangerCall(parts, async (stranger, request, response) =>
        (await invites()).redeemInvite(parts, stranger, request, response),
      ),
    },
    call("delete", "/invites/:id", async (viewer, request, response) =>
      (await invites()).withdrawInvite(parts, viewer, String(request.params.id), response),
    ),
  ];
}
