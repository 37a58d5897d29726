import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import type { RoadParts } from "./parts.ts";

const list = "/v1/models";

/** `/v1/models` and `/v1/models/{id}`; an id may have slashes of its own. */
export function isModels(path: string): boolean {
  return path === list || (path.startsWith(`${list}/`) && path.length > list.length + 1);
}

/** The models a key may use, or one of them; throws 404 for one that is not among them. */
export async function showModels(
  { models }: Pick<RoadParts, "models">,
  path: string,
  { models: allowed }: Pick<Identity, "models">,
): Promise<Buffer> {
  if (path === list) return models.list(allowed);
  const id = decodeURIComponent(path.slice(list.length + 1));
  const found = await models.find(id, allowed);
  if (found !== null) return found;
  throw new GatewayError("model_not_found", "There is no model of this name.", { param: "model" });
}
