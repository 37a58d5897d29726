import { describe, expect, it } from "vitest";
import { gatewayOperations } from "../../openapi/operations-gateway.ts";
import { openRouterOperations } from "../../openapi/operations-openrouter.ts";
import { peopleOperations } from "../../openapi/operations-people.ts";
import { isKeepers, keepersRoutes } from "./keepers-routes.ts";

const same = "every gateway has the same files";
const models = "every gateway knows the models";
const ledger = "the accounts are in one database";
const users = "users.json is the same everywhere: a file that all gateways share";
const hears = "a gateway hears the requests that come to it, and asks all others";

/** What every gateway answers itself, and why. */
const everyGateways: Readonly<Record<string, string>> = {
  "get /": same,
  "get /page/{file}": same,
  "get /wall": same,
  "get /openapi.json": same,
  "get /docs": same,
  "get /docs/style.css": same,
  "get /health": "it is about this gateway",
  "get /healthz": "it is about this gateway",
  "get /ready": "it is about this gateway",
  "get /metrics": "they are about this gateway",
  "get /settings": "they are those of this gateway",
  "get /me/requests": ledger,
  "get /usage": ledger,
  "get /changes": ledger,
  "get /api/v1/generation": ledger,
  "post /me/listen": hears,
  "get /me/listen": hears,
  "get /users": users,
  "post /users": users,
  "patch /users/{user}": users,
  "delete /users/{user}": users,
  "post /users/{user}/keys": users,
  "delete /users/{user}/keys/{id}": users,
  "post /users/{user}/keys/{id}/rotate": users,
  "get /invites": users,
  "post /invites": users,
  "post /invites/redeem": users,
  "delete /invites/{id}": users,
  "get /api/v1/models": models,
  "get /api/v1/models/count": models,
  "get /api/v1/models/user": models,
  "get /api/v1/models/{author}/{slug}/endpoints": models,
  "get /api/v1/models/{author}/{slug}": models,
  "get /api/v1/model/{author}/{slug}": models,
  "get /api/v1/providers": models,
};

describe("the routes of the keeper", () => {
  it("are decided for each route of the gateway's own", () => {
    const all = [...gatewayOperations, ...peopleOperations, ...openRouterOperations];
    const asked = all
      .filter(({ generates }) => !generates)
      .map((one) => `${one.method} ${one.path}`);
    const decided = [...keepersRoutes.map(([method, path]) => `${method} ${path}`)];
    expect([...decided, ...Object.keys(everyGateways)].sort()).toEqual(asked.sort());
  });

  it("are found by method and path", () => {
    for (const [method, path] of keepersRoutes) {
      expect(isKeepers(method.toUpperCase(), path.replace("{id}", "6f-1"))).toBe(true);
    }
    for (const route of Object.keys(everyGateways)) {
      const [method = "", path = ""] = route.split(" ");
      expect([route, isKeepers(method.toUpperCase(), path)]).toEqual([route, false]);
    }
  });

  it("take HEAD like GET, and no other method, case or longer path", () => {
    expect(isKeepers("HEAD", "/queue")).toBe(true);
    const others = ["POST /queue", "OPTIONS /queue", "GET /Queue", "GET /queue/", "DELETE /queue/"];
    for (const one of [...others, "DELETE /queue/1/2", "GET /queue/1", "HEAD /queue/pause"]) {
      const [method, path = ""] = one.split(" ");
      expect([one, isKeepers(method, path)]).toEqual([one, false]);
    }
  });
});
