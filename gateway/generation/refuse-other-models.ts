import type { Identity } from "../auth/identity.ts";
import { mayUseModel } from "../auth/may-use-model.ts";
import { GatewayError } from "../errors.ts";

/** A client may name a model of any length. Characters of it that an error repeats. */
const mostShown = 200;

/**
 * Refuses a model that the key may not use; a limited key must name a model, and may name no
 * `others` beside it. Throws 403.
 */
export function refuseOtherModels(
  { models }: Identity,
  model: string | null,
  others: readonly string[] = [],
): void {
  if (models === null) return;
  const own = models.length === 0 ? "no model" : models.join(", ");
  if (model === null) {
    throw new GatewayError("not_allowed", `Name a model: this key may use ${own}.`, {
      param: "model",
    });
  }
  const refused = [model, ...others].find((name) => !mayUseModel(models, name));
  if (refused === undefined) return;
  const shown = refused.length > mostShown ? `${refused.slice(0, mostShown)}…` : refused;
  const text = `This key may not use the model ${shown}. It may use ${own}.`;
  throw new GatewayError("not_allowed", text, { param: "model" });
}
