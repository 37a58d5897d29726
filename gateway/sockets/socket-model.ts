import type { Identity } from "../auth/identity.ts";
import { GatewayError } from "../errors.ts";
import { refuseOtherModels } from "../generation/refuse-other-models.ts";

/**
 * The one WebSocket whose model stands in its query; in others each message may name one, and
 * nobody reads them.
 */
const named = "/v1/realtime";

/**
 * The model a WebSocket names, which its key may use; null where it names none. Throws 400 for two,
 * since servers differ in which they take, and 403.
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
