import type { IncomingHttpHeaders } from "node:http";
import type { Identity } from "../auth/identity.ts";
import { dialects } from "../dialects/all.ts";
import type { DialectModels } from "../dialects/dialect.ts";
import { GatewayError } from "../errors.ts";
import type { Exchange } from "../exchange.ts";
import type { ListedModel } from "../upstreams/join-models.ts";

export type ShowModelsParts = {
  models: {
    /** The models that a key with these globs may use; null: all. */
    list(allowed: readonly string[] | null): Promise<readonly ListedModel[]>;
  };
};

/** Where models are listed, and in which form; one model is below each path. */
const lists: readonly DialectModels[] = Object.values(dialects).flatMap(({ models }) =>
  models === null ? [] : [models],
);

/** The list at a path, or the list of the model at a path; an id may contain slashes. */
function listAt(path: string): DialectModels | null {
  return lists.find((list) => isAt(list.path, path)) ?? null;
}

const isAt = (list: string, path: string): boolean =>
  path === list || (path.startsWith(`${list}/`) && path.length > list.length + 1);

/** True for the list of models, and for one model. */
export function isModels({ method, path }: Pick<Exchange, "method" | "path">): boolean {
  return method === "GET" && listAt(path) !== null;
}

/**
 * Refuses a limited key what the upstream itself would answer about models: it does not know which
 * models the key may use. Throws 403.
 */
export function refuseModelPaths({ path }: Pick<Exchange, "path">): void {
  if (!lists.some((list) => path === list.path || path.startsWith(`${list.path}/`))) return;
  throw new GatewayError(
    "not_allowed",
    "This key may use only some models. GET /v1/models lists them.",
  );
}

/** The models a key may use, or one of them, as JSON. Throws 404 for any other model. */
export async function showModels(
  { models }: ShowModelsParts,
  { path }: Pick<Exchange, "path">,
  { models: allowed }: Pick<Identity, "models">,
  headers: IncomingHttpHeaders,
): Promise<string> {
  const usable = await models.list(allowed);
  const list = listAt(path);
  const form = lists.find((one) => one.isMeantBy(headers)) ?? list;
  if (list === null || form === null) throw noSuchModel();
  if (path === list.path) return JSON.stringify(form.all(usable.map((one) => form.one(one))));
  const id = decodeURIComponent(path.slice(list.path.length + 1));
  const model = usable.find((one) => one.id === id);
  if (model === undefined) throw noSuchModel();
  return JSON.stringify(form.one(model));
}

const noSuchModel = (): GatewayError =>
  new GatewayError("model_not_found", "There is no model with this name.", { param: "model" });
