import type { IncomingHttpHeaders } from "node:http";
import type { Identity } from "../auth/identity.ts";
import { dialects } from "../dialects/all.ts";
import type { DialectModels } from "../dialects/dialect.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { ListedModel } from "../upstreams/join-models.ts";

export type ShowModelsParts = {
  models: {
    /**
     * The models that a key with these globs may use; null: all.
     *
     * @param reloads - has servers look for new models first
     */
    list(allowed: readonly string[] | null, reloads?: boolean): Promise<readonly ListedModel[]>;
  };
  /** True if outside requests keep the rights of an administrator. */
  publicAdmin: boolean;
};

/** The forms of the list; one model is below the path of each. */
const lists: readonly DialectModels[] = Object.values(dialects).flatMap(({ models }) =>
  models === null ? [] : [models],
);

const paths: readonly string[] = lists.flatMap(({ path }) => path ?? []);

/** The path of the list that is at a path, or that has its model there; an id may contain slashes. */
function listPathOf(path: string): string | null {
  const isHere = (list: string): boolean =>
    path === list || (path.startsWith(`${list}/`) && path.length > list.length + 1);
  return paths.find(isHere) ?? null;
}

/** True for the list of models, and for one model. */
export function isModels({ method, path }: Pick<Exchange, "method" | "path">): boolean {
  return method === "GET" && listPathOf(path) !== null;
}

/**
 * Refuses a limited key what the upstream itself would answer about models: it does not know which
 * models the key may use. Throws 403.
 */
export function refuseModelPaths({ path }: Pick<Exchange, "path">): void {
  if (!paths.some((list) => path === list || path.startsWith(`${list}/`))) return;
  throw new GatewayError(
    "not_allowed",
    "This key may use only some models. GET /v1/models lists them.",
  );
}

/**
 * The models a key may use, or one of them, as JSON. An administrator's `?reload=1` finds models that
 * a router of llama.cpp does not know yet. Throws 404 for any other model.
 */
export async function showModels(
  { models, publicAdmin }: ShowModelsParts,
  { path, query, isPublic }: Pick<Exchange, "path" | "query" | "isPublic">,
  { models: allowed, role }: Pick<Identity, "models" | "role">,
  headers: IncomingHttpHeaders,
): Promise<string> {
  const isAdmin = role === "admin" && (!isPublic || publicAdmin);
  const reloads = isAdmin && new URLSearchParams(query).get("reload") === "1";
  const usable = await models.list(allowed, reloads);
  const list = listPathOf(path);
  const form =
    lists.find((one) => one.isMeantBy(headers)) ?? lists.find((one) => one.path === list);
  if (list === null || form === undefined) throw noSuchModel();
  if (path === list) return JSON.stringify(form.all(usable.map((one) => form.one(one))));
  const id = decodeURIComponent(path.slice(list.length + 1));
  const model = usable.find((one) => one.id === id);
  if (model === undefined) throw noSuchModel();
  return JSON.stringify(form.one(model));
}

const noSuchModel = (): GatewayError =>
  new GatewayError("model_not_found", "There is no model with this name.", { param: "model" });
