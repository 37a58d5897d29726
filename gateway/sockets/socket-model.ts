import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import { refuseOtherModels } from "../generation/refuse-other-models.ts";

/**
 * The one path where a WebSocket names its model in the query. On other paths each message may name
 * one, and the gateway does not read messages.
 */
const named = "/v1/realtime";

/**
 * The model that a WebSocket names in its query; null for none. Throws 403 for a model that the key
 * may not use, and 400 for two models, since servers differ in which of them they take.
 */
export function socketModel(identity: Identity, path: string, query: string): string | null {
  const names = [...new URLSearchParams(query)].flatMap(([name, value]) =>
    name.toLowerCase() === "model" ? [value] : [],
  );
  if (names.length > 1) {
    throw new GatewayError("invalid_request", "The query names a model more than once.", {
      param: "model",
    });
  }
  const [model = null] = names;
  refuseOtherModels(identity, path === named ? model : null);
  return model;
}
